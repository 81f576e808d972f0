// Runs Azurite's blob service on behalf of one or more batcheval processes: "node -e <this> <main.js> <folder> <key> <port>"; port 0 takes a free one.
// Every user holds a connection to the door below. When the last one goes, in whatever way, Azurite saves its tables and the process ends.
const net = require('net'), fs = require('fs'), path = require('path');
const [main, folder, key, wanted] = process.argv.splice(1, 4, 'azurite');
const record = path.join(folder, 'batcheval.json'), journal = path.join(folder, 'azurite.log');
const log = (...words) => { try { fs.appendFileSync(journal, words.join(' ') + '\n'); } catch { } };

console.log = console.error = log;
process.stdout.write = process.stderr.write = () => true;
process.on('uncaughtException', error => { log(error.stack); process.exit(1); });
// Ctrl-C is for the program in the foreground; its end is seen at the door.
const once = process.once;
process.once = (event, action) => event === 'SIGINT' ? process : once.call(process, event, action);
process.on('SIGINT', () => { });
process.on('SIGHUP', () => { });
process.on('exit', () => {
  try { if (JSON.parse(fs.readFileSync(record)).key === key) fs.unlinkSync(record); } catch { }
});

let users = 0, closing = false;
const door = net.createServer({ allowHalfOpen: true }, socket => {
  users++;
  let inside = true;
  const leave = () => {
    if (!inside) return;
    inside = false;
    if (--users === 0) close();
    socket.end(users ? 'others' : 'closing');
  };
  socket.on('error', leave).on('end', leave).on('close', leave).resume();
  socket.write(key + '\n');
});

function close() {
  if (closing) return;
  closing = true;
  door.close();
  if (process.listenerCount('SIGTERM') === 0) process.exit(0);
  process.emit('SIGTERM');
  setTimeout(() => process.exit(0), 10000).unref();
}

function start(port) {
  process.argv.push('--location', folder, '--silent', '--skipApiVersionCheck', '--disableTelemetry', '--loose',
    '--blobHost', '127.0.0.1', '--blobPort', String(port));
  require(main);
  const knock = () => net.connect(port, '127.0.0.1')
    .on('connect', function () { this.destroy(); announce(port); })
    .on('error', () => setTimeout(knock, 30));
  knock();
}

function announce(port) {
  fs.writeFileSync(record + '.new', JSON.stringify({ port, door: door.address().port, pid: process.pid, key }));
  fs.renameSync(record + '.new', record);
  setTimeout(() => { if (users === 0) close(); }, 30000).unref();
}

door.listen(0, '127.0.0.1', () => {
  const free = net.createServer().listen(Number(wanted), '127.0.0.1', () => {
    const { port } = free.address();
    free.close(() => start(port));
  });
});
