import { attackTogether } from './attack.ts'

attackTogether('root')
