import { attackTogether } from './attack.ts'

attackTogether('user')
