/** What the person who types `npm start` sees. */
import { demonstrationPassword, type Product } from './product.ts';

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const firstAccounts: readonly [login: string, who: string][] = [
  ['kangning-1', '仓山康宁职业培训学校 · 机构经办 institution'],
  ['cs-first-1', '仓山区 · 初审 first reviewer'],
  ['cs-second-1', '仓山区 · 复核 second reviewer'],
  ['cs-approve-1', '仓山区 · 审批 approver'],
  ['cs-supervise-1', '仓山区 · 督办 supervisor'],
];

/** Said after the first screen when a new province is being filled. */
export function filling(classes: number): void {
  say('');
  say(`  正在后台填充演示省份（${classes} 个班，各个环节），业务时钟随之前行；您起草班次后时钟即停。进度见页面顶部。`);
  say(
    `  The province is being filled in the background (${classes} classes in every stage); the business clock runs forward until you draft a class.`,
  );
}

export function filled(how: 'until' | 'stopped', tookMs: number): void {
  const seconds = (tookMs / 1000).toFixed(0);
  if (how === 'until') say(`  演示省份已就绪（${seconds} s） · the province is alive`);
  else say(`  已有您的班次，填充到此为止（${seconds} s） · filling ended: you have a class of your own now`);
}

export function welcome({ url, demo, startedMs }: Product): void {
  say('');
  say(`  实名 Shiming   ${url}   (${(startedMs / 1000).toFixed(1)} s)`);
  say('');
  if (demo) {
    say('  演示账号（口令均为 ' + demonstrationPassword + '，首页可一键登录） · demonstration accounts:');
    for (const [login, who] of firstAccounts) say(`    ${login.padEnd(16)} ${who}`);
    say('');
    say('  先试：以 kangning-1 登录 → 新建班次 → 上传首页提供的名册和演示材料 → 提交；再以 cs-first-1 审核。');
    say(
      '  Try first: sign in as kangning-1, draft a class, upload the roster offered on the first page and the made-up materials, submit; then review as cs-first-1.',
    );
    say('');
  }
  say('  Ctrl-C 停止，数据保留 · Ctrl-C stops everything, data stays');
}
