// run.js: loads the WebAssembly program and ends with what its check() says.
// SPDX-License-Identifier: Apache-2.0
const fs = require("fs");
let memory;
const say = (text, size) => process.stdout.write(Buffer.from(memory.buffer, text, size));
WebAssembly.instantiate(fs.readFileSync(process.argv[2]), { host: { say } }).then(({ instance }) => {
  memory = instance.exports.memory;
  process.exitCode = instance.exports.check();
});
