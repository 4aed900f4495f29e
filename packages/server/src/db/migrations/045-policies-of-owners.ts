import type { Migration } from './index.ts'

/** Which policies a job was given is known by their ids: an organisation and the server may each have one of a name. */
export const policiesOfOwners: Migration = {
  number: 45,
  name: 'policies-of-owners',
  sql: `
    UPDATE job_modes SET policies = (
      SELECT json_group_array(json_object('id', id, 'level', level, 'version', version)) FROM (
        SELECT one.value ->> 'level' AS level, one.value ->> 'version' AS version, (
          SELECT policies.id FROM policies
          WHERE policies.name = one.value ->> 'name' AND (organisation_id IS NULL
            OR organisation_id = (SELECT jobs.organisation_id FROM jobs WHERE jobs.id = job_modes.job_id))
          -- Of the cluster's level it is the server's; else the organisation's own, where it has one of that name.
          ORDER BY (organisation_id IS NULL) = (one.value ->> 'level' <> 'cluster') LIMIT 1
        ) AS id FROM json_each(job_modes.policies) one
      ) WHERE id IS NOT NULL
    ) WHERE policies <> '[]';
  `,
}
