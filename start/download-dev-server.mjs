// node download-dev-server.mjs <folder>: lets the SDK fetch its development server into the folder, and ends.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir: process.argv[2] } },
});
await environment.teardown();
process.exit(0);
