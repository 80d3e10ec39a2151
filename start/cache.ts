import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { cacheCandidates } from './config.ts';
import { StartError } from './start-error.ts';

/** One cache per user, so that every clone shares what took minutes to build; inside the repository when the home is not writable. */
export async function cacheFolder(): Promise<string> {
  for (const folder of cacheCandidates()) {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
      return folder;
    } catch {
      // Not writable: the next place.
    }
  }
  const tried = cacheCandidates().join(', ');
  throw new StartError(
    `没有可写的缓存目录（已尝试：${tried}）。请设置 SHIMING_CACHE。`,
    `No cache folder can be written (tried ${tried}). Set SHIMING_CACHE.`,
  );
}

/** @throws StartError when the disk of `folder` has less than `bytes` left. */
export async function needSpace(folder: string, bytes: number): Promise<void> {
  const disk = await statfs(folder);
  if (disk.bavail * disk.bsize >= bytes) return;
  const megabytes = Math.round(bytes / 1024 / 1024);
  throw new StartError(
    `磁盘空间不足：${folder} 所在磁盘需要 ${megabytes} MB 可用空间。请清理后再启动；已有数据不受影响。`,
    `The disk of ${folder} is full: ${megabytes} MB are needed. Make room and start again; the data are safe.`,
  );
}
