/**
 * Places beside the workspace that matter: secrets that only their owner should read, and files
 * through which a program gains rights or stays on the machine.
 *
 * A place is a file (`/etc/shadow`), the files in a directory (`/etc/pam.d/` and a star), files anywhere
 * below one (`/etc/systemd/system/` and two stars; these are told when written only), or, with two stars in
 * front, a file or a directory of that name anywhere. A star stands for one component or a part of it, two
 * stars between slashes for any number of components.
 *
 * The kernel side preselects by the last component, the directory's name, or the directory's inode;
 * the whole path decides: as it is mounted, or as it is in the file's own file system. Files and folders that
 * exist when the sensor starts are also known by their inode, so another name for them (a hard link, a bind
 * mount) does not help; nor does renaming a folder, which is told.
 */
export interface SensitivePlace {
  place: string
  /** Kebab-case, e.g. `ssh-key`; told with the event. */
  class: string
  /** `read`: reads and writes are told; `write`: only writes. */
  on: 'read' | 'write'
}

const read = (name: string, ...places: string[]): SensitivePlace[] =>
  places.map((place) => ({ place, class: name, on: 'read' }))
const write = (name: string, ...places: string[]): SensitivePlace[] =>
  places.map((place) => ({ place, class: name, on: 'write' }))

/** The list that holds when nothing else is configured. The first place that matches gives the class. */
export const sensitivePlaces: readonly SensitivePlace[] = [
  // Public halves and lists of known hosts are no secret, but who writes them opens a door.
  ...write('ssh-configuration', '**/.ssh/authorized_keys', '**/.ssh/config', '**/.ssh/known_hosts'),
  ...read('ssh-public', '**/.ssh/authorized_keys', '**/.ssh/config', '**/.ssh/known_hosts'),
  ...read('ssh-public', '**/.ssh/known_hosts.old', '**/.ssh/id_rsa.pub', '**/.ssh/id_dsa.pub'),
  ...read('ssh-public', '**/.ssh/id_ecdsa.pub', '**/.ssh/id_ed25519.pub'),
  ...write('ssh-configuration', '/etc/ssh/sshd_config', '/etc/ssh/sshd_config.d/*'),
  ...read('ssh-key', '**/.ssh/*', '**/id_rsa', '**/id_ed25519', '**/id_ecdsa', '**/id_dsa'),
  ...read('ssh-key', '/etc/ssh/ssh_host_rsa_key', '/etc/ssh/ssh_host_ed25519_key'),
  ...read('ssh-key', '/etc/ssh/ssh_host_ecdsa_key'),
  ...read('gpg-key', '**/private-keys-v1.d/*', '**/secring.gpg'),
  ...read('git-credential', '**/.git-credentials', '**/.config/git/credentials', '**/.netrc'),
  ...read('git-credential', '**/.config/gh/hosts.yml', '**/.config/hub', '**/glab-cli/config.yml'),
  ...read('registry-credential', '**/.npmrc', '**/.yarnrc.yml', '**/.pypirc'),
  ...read('registry-credential', '**/.gem/credentials', '**/.cargo/credentials'),
  ...read('registry-credential', '**/.cargo/credentials.toml', '**/.m2/settings.xml'),
  ...read('registry-credential', '**/.m2/settings-security.xml', '**/.docker/config.json'),
  ...read('registry-credential', '**/.config/containers/auth.json', '/run/containers/**/auth.json'),
  ...read('registry-credential', '**/.nuget/NuGet/NuGet.Config', '**/.config/composer/auth.json'),
  ...read('registry-credential', '**/.terraform.d/credentials.tfrc.json', '**/.terraformrc'),
  ...read('cloud-credential', '**/.aws/credentials', '**/.aws/config', '**/.aws/sso/cache/*'),
  ...read('cloud-credential', '**/gcloud/credentials.db', '**/gcloud/access_tokens.db'),
  ...read('cloud-credential', '**/gcloud/application_default_credentials.json'),
  ...read('cloud-credential', '**/.azure/accessTokens.json', '**/.azure/msal_token_cache.json'),
  ...read('cloud-credential', '**/.azure/service_principal_entries.json', '**/.oci/config'),
  ...read('cloud-credential', '**/.config/doctl/config.yaml', '**/.databrickscfg', '**/.s3cfg'),
  ...read('kube-credential', '**/.kube/config', '/run/secrets/kubernetes.io/**/token'),
  ...read('kube-credential', '/etc/kubernetes/admin.conf', '/etc/rancher/k3s/k3s.yaml'),
  ...read('vault-token', '**/.vault-token', '**/.config/op/config', '**/.config/sops/age/keys.txt'),
  ...read('database-credential', '**/.pgpass', '**/.my.cnf', '**/.mylogin.cnf'),
  ...read('wallet', '**/wallet.dat', '**/.electrum/wallets/*', '**/solana/id.json'),
  ...read('runner-credential', '**/.credentials', '**/.credentials_rsaparams'),
  ...read('password-database', '/etc/shadow', '/etc/gshadow', '/etc/shadow-', '/etc/gshadow-'),
  ...write('password-database', '/etc/passwd', '/etc/group', '/etc/subuid', '/etc/subgid'),
  ...read('process-memory', '/proc/*/mem', '/proc/*/task/*/mem'),
  ...read('process-environment', '/proc/*/environ', '/proc/*/task/*/environ'),
  ...read('machine-memory', '/dev/mem', '/dev/kmem', '/dev/port', '/proc/kcore'),
  ...write('sudo-configuration', '/etc/sudoers', '/etc/sudoers.d/*'),
  ...write('login-configuration', '/etc/pam.d/*', '/etc/nsswitch.conf', '/etc/security/*'),
  ...write('loader-configuration', '/etc/ld.so.preload', '/etc/ld.so.conf', '/etc/ld.so.conf.d/*'),
  ...write('name-resolution', '/etc/hosts', '/etc/resolv.conf'),
  ...write('scheduled-job', '/etc/crontab', '/etc/cron.d/*', '/var/spool/cron/**'),
  ...write('scheduled-job', '/etc/cron.daily/*', '/etc/cron.hourly/*', '/etc/cron.weekly/*'),
  ...write('service', '/etc/systemd/system/**', '/etc/init.d/*', '**/.config/systemd/user/*'),
  ...write('service', '/run/systemd/system/**', '/etc/rc.local', '**/.config/autostart/*'),
  ...write('service', '**/.local/share/systemd/user/*', '/etc/systemd/user/*'),
  // The folders themselves, which come with what is in them when they are moved there.
  ...write('service', '**/.config/systemd', '**/systemd/user', '**/.config/autostart'),
  ...write(
    'scheduled-job',
    '/etc/cron.d',
    '/etc/cron.daily',
    '/etc/cron.hourly',
    '/etc/cron.weekly',
  ),
  ...write('sudo-configuration', '/etc/sudoers.d'),
  ...write('shell-startup', '**/.bashrc', '**/.bash_profile', '**/.profile', '**/.zshrc'),
  ...write('shell-startup', '**/.zshenv', '/etc/profile', '/etc/bash.bashrc', '/etc/profile.d/*'),
  ...write('shell-startup', '/etc/environment', '**/.bash_login', '**/.bash_logout'),
  ...write('shell-startup', '**/.zprofile', '**/.zlogin', '**/.bash_aliases'),
  ...write('shell-startup', '**/.config/fish/config.fish', '**/.config/fish/conf.d/*'),
  ...write('shell-startup', '**/.config/environment.d/*', '/etc/environment.d/*'),
  ...write('git-hook', '**/.git/hooks/*', '**/.gitconfig', '/etc/gitconfig', '**/.git/config'),
  ...write('trusted-certificate', '/usr/local/share/ca-certificates/*'),
  ...write('trusted-certificate', '/etc/ssl/certs/ca-certificates.crt'),
  ...write('kernel-setting', '/proc/sys/**', '/proc/sysrq-trigger', '/sys/kernel/**'),
  ...write('network-device', '/dev/net/tun'),
  ...write('module-configuration', '/etc/modprobe.d/*', '/etc/modules', '/etc/sysctl.conf'),
  ...write('container-configuration', '/etc/docker/daemon.json', '/etc/containerd/config.toml'),
  ...write('cgroup', '**/cgroup.procs', '**/cgroup.threads', '**/release_agent'),
]
