/** `npm start`: the whole product on this machine, from nothing to one screen that says where to go. */
import { join } from 'node:path';
import { startProduct } from './product.ts';
import { stateDir } from './config.ts';
import { readStartConfig } from './config.ts';
import { say, welcome } from './screen.ts';
import { StartError } from './start-error.ts';

try {
  const product = await startProduct({ stateDir: join(stateDir, 'data'), ...readStartConfig(), log: say });
  welcome(product);
  let ending = false;
  const end = (signal: string): void => {
    if (ending) return;
    ending = true;
    say(`${signal}: 正在收尾 · finishing what is under way`);
    product.stop().then(
      () => process.exit(0),
      (error: Error) => {
        say(error.message);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', () => end('SIGINT'));
  process.on('SIGTERM', () => end('SIGTERM'));
} catch (error) {
  say('');
  say(error instanceof StartError ? error.message : `启动失败 · could not start: ${(error as Error).message}`);
  process.exit(1);
}
