require('flatmap-stream')
require('node:fs').writeFileSync(
  'bundle.js',
  require('node:fs').readFileSync(require.resolve('wallet')),
)
