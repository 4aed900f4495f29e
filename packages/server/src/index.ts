export { ConfigError, settings } from './config-table.ts'
export { readConfig, variableOf } from './config.ts'
export { startServer } from './main.ts'
