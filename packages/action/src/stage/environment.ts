/** All that the agent, its supervisor and the programs of root's part get of an environment: nothing of the job's, nor of the user's. */
export const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', TZ: 'UTC' }
