// A child that does nothing; alone, the bare Node.js process that idle supervisors are compared with.
setInterval(() => {}, 60_000);
