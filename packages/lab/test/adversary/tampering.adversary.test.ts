import { attackAlone } from './attack.ts'

attackAlone('root')
