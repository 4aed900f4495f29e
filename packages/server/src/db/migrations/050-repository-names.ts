import type { Migration } from './index.ts'

/** GitHub's names are the same in whatever case: what goes from one repository's jobs to the next takes them so. */
export const repositoryNames: Migration = {
  number: 50,
  name: 'repository-names',
  sql: `
    DROP INDEX jobs_by_repository;
    CREATE INDEX jobs_by_repository_name ON jobs (organisation_id, repository COLLATE NOCASE, id);
  `,
}
