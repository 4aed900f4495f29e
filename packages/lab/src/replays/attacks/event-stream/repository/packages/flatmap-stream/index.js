// While the wallet is built, puts its own code into a dependency of it.
const { appendFileSync } = require('node:fs')
appendFileSync(require.resolve('wallet'), '\n// sends the keys\n')
