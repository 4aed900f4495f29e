const trim = require('string-trimmer')

module.exports = (rows) => rows.map((row) => row.map(trim).join('  ')).join('\n')
