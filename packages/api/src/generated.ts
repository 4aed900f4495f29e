// Made of openapi.json: npm run generate -w packages/api

export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this is, and where its API is described; for browsers, the web app. */
        get: operations["get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process runs. */
        get: operations["getHealthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prometheus’ text format. */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** It can do its work: the database takes writes. */
        get: operations["getReadyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this is, and how people sign in. */
        get: operations["getV1"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what of the server itself, newest first. */
        get: operations["getV1Audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocklist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The server’s block list, for everybody. */
        get: operations["getV1Blocklist"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A job starts: it gets a token of its own, its policies and the block list. */
        post: operations["postV1Jobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/blocklist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The block list that holds for a job: the server’s with that of its organisation. */
        get: operations["getV1JobsIdBlocklist"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A job has finished: its report, and which of its segments was the last. Without a report: its agent has died, and another has sent what it left. */
        post: operations["postV1JobsIdFinish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The agent is there, and asks whether what holds for its job has changed. */
        post: operations["postV1JobsIdHeartbeat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The policies that a running job has now, and of which version they are together. */
        get: operations["getV1JobsIdPolicies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What holds for the job from now on: said when it is armed, and again when that has changed. */
        post: operations["postV1JobsIdPolicy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/recommendation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The smallest policy that a finished job and its earlier runs would have needed, for the agent of that job. */
        get: operations["getV1JobsIdRecommendation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/segments/{seq}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Some of a job’s events: NDJSON packed with zstd, as application/zstd. When it is acknowledged it is kept for good. */
        post: operations["postV1JobsIdSegmentsSeq"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Server-sent events for an agent: `block-list` and `policy` with their versions, now and when they change; `ping`. */
        get: operations["getV1JobsIdStream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who asks, and their organisations. */
        get: operations["getV1Me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the person who asks is signed in. */
        get: operations["getV1MeSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Signs the person who asks out somewhere. */
        delete: operations["deleteV1MeSessionsSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Adds an organisation: an owner of repositories whose jobs this server takes. */
        post: operations["postV1Orgs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One organisation. */
        get: operations["getV1OrgsOrg"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Machines whose agents were heard, by the newest of their jobs. */
        get: operations["getV1OrgsOrgAgents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what in an organisation, newest first. */
        get: operations["getV1OrgsOrgAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/baseline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the jobs of a window have reached: of a job, a repository, or the organisation. */
        get: operations["getV1OrgsOrgBaseline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/blocklist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The block list that holds for an organisation’s jobs. */
        get: operations["getV1OrgsOrgBlocklist"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/blocklist/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Entries of the block list of an organisation, those that have expired too. */
        get: operations["getV1OrgsOrgBlocklistEntries"];
        put?: never;
        /** Adds entries to the block list of an organisation; running jobs are told at once. */
        post: operations["postV1OrgsOrgBlocklistEntries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/blocklist/entries/{entry}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an entry from the block list of an organisation. */
        delete: operations["deleteV1OrgsOrgBlocklistEntriesEntry"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/blocklist/feeds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Feeds that the block list of an organisation follows, and how they fare. */
        get: operations["getV1OrgsOrgBlocklistFeeds"];
        put?: never;
        /** Has the block list of an organisation follow a feed; answers when it was fetched for the first time, or could not be. */
        post: operations["postV1OrgsOrgBlocklistFeeds"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/blocklist/feeds/{feed}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Follows a feed of an organisation no more; its entries go. */
        delete: operations["deleteV1OrgsOrgBlocklistFeedsFeed"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/blocklist/feeds/{feed}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fetches a feed of an organisation now. */
        post: operations["postV1OrgsOrgBlocklistFeedsFeedRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/destinations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Hosts that jobs had to do with in a period, those of the most jobs first. */
        get: operations["getV1OrgsOrgDestinations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/detections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Detections of all jobs, the newest first. */
        get: operations["getV1OrgsOrgDetections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/detections/{detection}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A detection, and how it came to its state. */
        get: operations["getV1OrgsOrgDetectionsDetection"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/detections/{detection}/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says what has become of a detection. What is expected is suppressed by a suppression. */
        post: operations["postV1OrgsOrgDetectionsDetectionState"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/effective-policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The policies that a job gets from the store, the strongest level first. */
        get: operations["getV1OrgsOrgEffectivePolicies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Invitations that nobody has taken yet. */
        get: operations["getV1OrgsOrgInvitations"];
        put?: never;
        /** Makes a link that makes whoever opens it first a member. It is shown this once. */
        post: operations["postV1OrgsOrgInvitations"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/invitations/{invitation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an invitation back. */
        delete: operations["deleteV1OrgsOrgInvitationsInvitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Jobs, the newest first. */
        get: operations["getV1OrgsOrgJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A job’s summary. */
        get: operations["getV1OrgsOrgJobsId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Files that another process than their first writer changed. */
        get: operations["getV1OrgsOrgJobsIdChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/comparison": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a job had to do with, beside another job or the runs before it. */
        get: operations["getV1OrgsOrgJobsIdComparison"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/destinations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a job connected to, or tried to. */
        get: operations["getV1OrgsOrgJobsIdDestinations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/detections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Detections of a job, and of its record: the gravest first, behind them those that are suppressed. */
        get: operations["getV1OrgsOrgJobsIdDetections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/dns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Names that a job asked for. */
        get: operations["getV1OrgsOrgJobsIdDns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Files that a job wrote, made, deleted, renamed or read where that is watched. */
        get: operations["getV1OrgsOrgJobsIdFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How whole a job’s record is: tier, hooks, losses, gaps. */
        get: operations["getV1OrgsOrgJobsIdHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/http": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Requests whose content was read. */
        get: operations["getV1OrgsOrgJobsIdHttp"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/opaque": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Encrypted traffic whose content was not read. */
        get: operations["getV1OrgsOrgJobsIdOpaque"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a job’s token needed, as far as its requests were read. */
        get: operations["getV1OrgsOrgJobsIdPermissions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The policy that was in force on a job, and where each of its lines comes from. */
        get: operations["getV1OrgsOrgJobsIdPolicy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/process-tree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Processes of a job with what each did: those without a parent, the children of one, one with its ancestors, or a search. */
        get: operations["getV1OrgsOrgJobsIdProcessTree"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/processes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Processes, parents before children. */
        get: operations["getV1OrgsOrgJobsIdProcesses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/programs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Programs that a job started, with their hashes and how often. */
        get: operations["getV1OrgsOrgJobsIdPrograms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The report that the job’s agent made at its end. */
        get: operations["getV1OrgsOrgJobsIdReport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/sandbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Changes of processes’ own confinement. */
        get: operations["getV1OrgsOrgJobsIdSandbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Secrets where others can read them. */
        get: operations["getV1OrgsOrgJobsIdSecrets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All events of a job, in order. */
        get: operations["getV1OrgsOrgJobsIdTimeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/jobs/{id}/why": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Why a job’s connections to a destination were let through or not, line by line. */
        get: operations["getV1OrgsOrgJobsIdWhy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** API keys, without what is secret of them. */
        get: operations["getV1OrgsOrgKeys"];
        put?: never;
        /** Makes an API key. It is shown this once. */
        post: operations["postV1OrgsOrgKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an API key back; from now on it is not valid, nor are the tokens of jobs that it has started. */
        delete: operations["deleteV1OrgsOrgKeysKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Server-sent events for people’s pages: `job`, `detection`, `block-list`, `policy`, `ping`, as they happen. */
        get: operations["getV1OrgsOrgLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Members, by the time that the server knows them. */
        get: operations["getV1OrgsOrgMembers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/members/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes a member’s role. */
        put: operations["putV1OrgsOrgMembersUser"];
        post?: never;
        /** Takes a member out. */
        delete: operations["deleteV1OrgsOrgMembersUser"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What an organisation’s jobs did in a period, and what was not watched. */
        get: operations["getV1OrgsOrgOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/owner": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forgets which account of GitHub the organisation is; that of the next job’s token is it from then on. */
        delete: operations["deleteV1OrgsOrgOwner"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Policies of an organisation. */
        get: operations["getV1OrgsOrgPolicies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/policies/{policy}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A policy of an organisation: its newest version, or another. */
        get: operations["getV1OrgsOrgPoliciesPolicy"];
        /** Saves another version of a policy of an organisation; it holds at once wherever the policy is attached. */
        put: operations["putV1OrgsOrgPoliciesPolicy"];
        post?: never;
        /** Deletes a policy of an organisation that is attached nowhere. */
        delete: operations["deleteV1OrgsOrgPoliciesPolicy"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/policies/{policy}/text": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The document of a policy of an organisation, YAML, as runwarden run --policy takes it. */
        get: operations["getV1OrgsOrgPoliciesPolicyText"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/policies/{policy}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Versions of a policy of an organisation, the newest first. */
        get: operations["getV1OrgsOrgPoliciesPolicyVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/policy-attachments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where policies of an organisation hold. */
        get: operations["getV1OrgsOrgPolicyAttachments"];
        put?: never;
        /** Has a policy of an organisation hold somewhere, in place of the one that did. */
        post: operations["postV1OrgsOrgPolicyAttachments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/policy-attachments/{attachment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a policy of an organisation from where it holds. */
        delete: operations["deleteV1OrgsOrgPolicyAttachmentsAttachment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/policy-checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whether a text is a policy of an organisation: what is wrong with it, and what is probably not meant. */
        post: operations["postV1OrgsOrgPolicyChecks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/policy-simulations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What a policy would have refused in past jobs, before it is saved. */
        post: operations["postV1OrgsOrgPolicySimulations"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/recommendation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The smallest policy that the jobs of a window would have needed, with the evidence for each line. */
        get: operations["getV1OrgsOrgRecommendation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/repositories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Repositories with jobs, by their names. */
        get: operations["getV1OrgsOrgRepositories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How long jobs are kept, and how much there is. */
        get: operations["getV1OrgsOrgRetention"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs of workflows, the newest first; with a filter those that have a job like that. */
        get: operations["getV1OrgsOrgRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The run that a job is of, and its jobs in the order of their start. */
        get: operations["getV1OrgsOrgRunsId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Jobs that had to do with a host, address, program, hash, path or call. */
        get: operations["getV1OrgsOrgSearch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/suppression-previews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** How many detections a suppression would be for, before it is made. */
        post: operations["postV1OrgsOrgSuppressionPreviews"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/suppressions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is expected, and how much of it there is. */
        get: operations["getV1OrgsOrgSuppressions"];
        put?: never;
        /** Says that detections are expected, from now on and those that are there. */
        post: operations["postV1OrgsOrgSuppressions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orgs/{org}/suppressions/{suppression}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a suppression; what it has suppressed is open again. */
        delete: operations["deleteV1OrgsOrgSuppressionsSuppression"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/blocklist/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Entries of the block list of the server, for all organisations, those that have expired too. */
        get: operations["getV1ServerBlocklistEntries"];
        put?: never;
        /** Adds entries to the block list of the server, for all organisations; running jobs are told at once. */
        post: operations["postV1ServerBlocklistEntries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/blocklist/entries/{entry}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an entry from the block list of the server, for all organisations. */
        delete: operations["deleteV1ServerBlocklistEntriesEntry"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/blocklist/feeds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Feeds that the block list of the server, for all organisations follows, and how they fare. */
        get: operations["getV1ServerBlocklistFeeds"];
        put?: never;
        /** Has the block list of the server, for all organisations follow a feed; answers when it was fetched for the first time, or could not be. */
        post: operations["postV1ServerBlocklistFeeds"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/blocklist/feeds/{feed}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Follows a feed of the server, for all organisations no more; its entries go. */
        delete: operations["deleteV1ServerBlocklistFeedsFeed"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/blocklist/feeds/{feed}/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fetches a feed of the server, for all organisations now. */
        post: operations["postV1ServerBlocklistFeedsFeedRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Policies of the server, for all organisations. */
        get: operations["getV1ServerPolicies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/policies/{policy}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A policy of the server, for all organisations: its newest version, or another. */
        get: operations["getV1ServerPoliciesPolicy"];
        /** Saves another version of a policy of the server, for all organisations; it holds at once wherever the policy is attached. */
        put: operations["putV1ServerPoliciesPolicy"];
        post?: never;
        /** Deletes a policy of the server, for all organisations that is attached nowhere. */
        delete: operations["deleteV1ServerPoliciesPolicy"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/policies/{policy}/text": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The document of a policy of the server, for all organisations, YAML, as runwarden run --policy takes it. */
        get: operations["getV1ServerPoliciesPolicyText"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/policies/{policy}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Versions of a policy of the server, for all organisations, the newest first. */
        get: operations["getV1ServerPoliciesPolicyVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/policy-attachments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where policies of the server, for all organisations hold. */
        get: operations["getV1ServerPolicyAttachments"];
        put?: never;
        /** Has a policy of the server, for all organisations hold somewhere, in place of the one that did. */
        post: operations["postV1ServerPolicyAttachments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/policy-attachments/{attachment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a policy of the server, for all organisations from where it holds. */
        delete: operations["deleteV1ServerPolicyAttachmentsAttachment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/server/policy-checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whether a text is a policy of the server, for all organisations: what is wrong with it, and what is probably not meant. */
        post: operations["postV1ServerPolicyChecks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sends the browser to the provider to sign in. */
        get: operations["getV1SignIn"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign-in/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the provider sends the browser back to. */
        get: operations["getV1SignInCallback"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign-in/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Takes an invitation: by the provider where there is one, else by a button. */
        get: operations["getV1SignInInvitation"];
        put?: never;
        /** Takes an invitation where there is no provider. */
        post: operations["postV1SignInInvitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign-in/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page of a link that signs the administrator in, by a button. */
        get: operations["getV1SignInLink"];
        put?: never;
        /** Signs the administrator in, by a link that works once. */
        post: operations["postV1SignInLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session. */
        post: operations["postV1SignOut"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        About: {
            name: string;
            api: string;
            description: string;
            /** @enum {string} */
            signIn: "link" | "provider";
        };
        ApiKey: {
            id: string;
            name: string;
            /** @enum {string} */
            role: "viewer" | "editor" | "admin" | "agent";
            hint: string;
            createdBy: string;
            createdAt: number;
            expiresAt: number | null;
            lastUsedAt: number | null;
            running: number;
        };
        AppliedPolicy: {
            /** @enum {string} */
            from: "name" | "store" | "workflow";
            egress: ("audit" | "block") | null;
            policies: components["schemas"]["StoredPolicy"][];
            told: components["schemas"]["ToldPolicy"][];
            number: number | null;
            lines: components["schemas"]["AppliedPolicyLine"][];
        };
        AppliedPolicyLine: {
            text: string;
            from: string | null;
            source: {
                /** @enum {string} */
                level: "job" | "workflow" | "repository" | "organisation" | "cluster";
                name: string;
                version: number;
                line: number | null;
            } | null;
        };
        AuditEntry: {
            id: string;
            at: number;
            actor: string;
            actorId: string | null;
            action: string;
            subject: string;
            detail: {
                [key: string]: unknown;
            };
            address: string | null;
        };
        Baseline: {
            runs: number;
            since: number | null;
            settledRuns: number;
            /** @enum {string} */
            state: "stable" | "unstable";
            destinations: {
                host: string | null;
                addresses: string[];
                port: number;
                protocol: string;
                verdicts: string[];
                runs: number;
                first: components["schemas"]["BaselineSeen"];
                last: components["schemas"]["BaselineSeen"];
                programs: {
                    exe: string | null;
                    step: string | null;
                    runs: number;
                }[];
            }[];
            truncatedRuns: number;
        };
        BaselineSeen: {
            jobId: string;
            at: number;
        };
        BlockList: {
            /** @constant */
            version: 1;
            updated: string;
            domains: {
                value: string;
                reason: string;
                reference?: string;
                added?: string;
                expires?: string;
            }[];
            wildcards: {
                value: string;
                reason: string;
                reference?: string;
                added?: string;
                expires?: string;
            }[];
            addresses: {
                value: string;
                reason: string;
                reference?: string;
                added?: string;
                expires?: string;
            }[];
        };
        BlockListEntry: {
            id: string;
            /** @enum {string} */
            kind: "domains" | "wildcards" | "addresses";
            value: string;
            reason: string;
            reference: string | null;
            addedAt: number;
            expiresAt: number | null;
            addedBy: string;
        };
        BlockListFeed: {
            id: string;
            name: string;
            url: string;
            trust: {
                /** @constant */
                kind: "sha256";
                hash: string;
            } | {
                /** @constant */
                kind: "ed25519";
                publicKey: string;
            };
            everyMinutes: number;
            createdBy: string;
            createdAt: number;
            triedAt: number | null;
            error: string | null;
            fetchedAt: number | null;
            updated: string | null;
        };
        CallCounts: {
            allowed: number;
            "would-block": number;
            blocked: number;
            "attack-blocked": number;
        };
        ChangeRow: {
            path: string;
            /** @enum {string} */
            state: "changed" | "restored" | "unchanged" | "unknown";
            ways: string[];
            /** @enum {string} */
            relation: "same-program" | "same-step" | "other-step" | "before-run";
            writer: {
                exe: string;
                command: string;
                step: string | null;
            } | null;
            before: string | null;
            after: string | null;
            dependency: string | null;
            programs: {
                exe: string | null;
                step: string | null;
            }[];
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        DestinationRow: {
            verdict: components["schemas"]["Verdict"];
            reason: string;
            rule: string | null;
            host: string | null;
            addresses: string[];
            port: number;
            protocol: components["schemas"]["Protocol"];
            bytesOut: number;
            programs: {
                exe: string | null;
                step: string | null;
            }[];
            processes: {
                execId: string;
                exe: string | null;
                step: string | null;
            }[];
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        DnsRow: {
            verdict: components["schemas"]["Verdict"];
            reason: string;
            rule: string | null;
            name: string;
            type: string;
            server: string;
            rcode: string | null;
            addresses: string[];
            programs: {
                exe: string | null;
                step: string | null;
            }[];
            processes: {
                execId: string;
                exe: string | null;
                step: string | null;
            }[];
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        ErrorBody: {
            error: {
                code: string;
                message: string;
                where: {
                    /** @enum {string} */
                    in: "body" | "query" | "path" | "headers";
                    at: string;
                    problem: string;
                    line?: number;
                    column?: number;
                    text?: string;
                    nearest?: string | null;
                }[];
            };
        };
        FileRow: {
            path: string;
            /** @enum {string} */
            action: "write" | "create" | "delete" | "rename" | "read";
            to: string | null;
            sensitive: string | null;
            workspace: boolean;
            errno: number;
            /** @enum {string} */
            truth: "kernel" | "user";
            programs: {
                exe: string | null;
                step: string | null;
            }[];
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        Heartbeat: {
            sequence: number;
            eventsLost: {
                [key: string]: number;
            };
            /** @enum {string} */
            tier: "T0" | "T1" | "T2" | "none";
            armed: boolean;
        };
        HeartbeatAnswer: {
            blockListVersion: string | null;
            policyVersion: string | null;
            segments?: number;
        };
        HttpRow: {
            verdict: components["schemas"]["Verdict"];
            reason: string;
            rule: string | null;
            method: string;
            /** @enum {string} */
            scheme: "http" | "https";
            host: string;
            path: string;
            statuses: {
                [key: string]: number;
            };
            requestBytes: number;
            responseBytes: number;
            programs: {
                exe: string | null;
                step: string | null;
            }[];
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        InboxDetection: {
            id: string;
            detection: string;
            severity: string;
            title: string;
            text: string;
            time: number;
            step: string | null;
            /** @enum {string} */
            source: "agent" | "server";
            /** @enum {string} */
            state: "open" | "acknowledged" | "suppressed" | "resolved";
            evidence: number[];
            about: {
                endpoint: string[];
                host: string[];
                ip: string[];
                process: string[];
                file: string[];
                secret: string[];
            }[];
            suppression: string | null;
            job: {
                id: string;
                repository: string | null;
                workflow: string | null;
                job: string | null;
                runId: string | null;
                runAttempt: string | null;
                url: string | null;
            };
        };
        InboxTrace: {
            at: number;
            actor: string;
            /** @enum {string} */
            state: "open" | "acknowledged" | "suppressed" | "resolved";
            note: string;
            suppression: string | null;
        };
        Invitation: {
            id: string;
            name: string;
            /** @enum {string} */
            role: "viewer" | "editor" | "admin";
            createdBy: string;
            expiresAt: number;
        };
        Job: {
            id: string;
            repository: string | null;
            workflow: string | null;
            job: string | null;
            runId: string | null;
            runAttempt: string | null;
            ref: string | null;
            sha: string | null;
            event: string | null;
            actor: string | null;
            runnerName: string | null;
            runnerOs: string | null;
            runnerArch: string | null;
            runnerEnvironment: string | null;
            proven: boolean;
            startedAt: number;
            heardAt: number;
            finishedAt: number | null;
            /** @enum {string} */
            state: "running" | "silent" | "lost" | "finished";
            exit: number | null;
            tier: string | null;
            armed: boolean | null;
            egress: ("audit" | "block") | null;
            protection: ("armed" | "unprotected" | "not-run") | null;
            detections: number;
            eventsLost: {
                [key: string]: number;
            };
            tampered: boolean;
            interrupted: boolean;
        };
        JobDetection: {
            id: string;
            /** @enum {string} */
            source: "agent" | "server";
            rule: string;
            severity: components["schemas"]["Severity"];
            title: string;
            text: string;
            time: number;
            step: string | null;
            execId: string | null;
            evidence: number[];
            suppressed: string | null;
        };
        JobDifference: {
            what: string;
            here: {
                count: number;
                verdicts: components["schemas"]["Verdict"][];
            } | null;
            there: {
                count: number;
                verdicts: components["schemas"]["Verdict"][];
            } | null;
        };
        JobFinish: {
            sequence: number;
            hash: string;
            report: components["schemas"]["Report"] | null;
            noReport?: string;
            exit: number | null;
        };
        JobFinished: {
            insightsUrl: string | null;
        };
        JobHealth: {
            /** @enum {string} */
            tier: "T0" | "T1" | "T2" | "none";
            armedMs: number | null;
            hooks: {
                name: string;
                /** @enum {string} */
                tier: "T0" | "T1" | "T2";
                /** @enum {string} */
                state: "active" | "refused" | "unneeded";
                reason: string;
            }[];
            eventsLost: {
                [key: string]: number;
            };
            gaps: string[];
            /** @enum {string} */
            from: "report" | "events";
            armedAt: number | null;
            interrupted: boolean;
        };
        JobPermissions: {
            minimumPermissions: string | null;
            calls: components["schemas"]["ReportTokenCall"][];
            soFar: boolean;
            isCut: boolean;
        };
        JobPolicies: {
            policies: components["schemas"]["StoredPolicy"][];
            version: string | null;
        };
        JobRecommendation: {
            text: string;
            earlierRuns: number;
        };
        JobStart: {
            /** @constant */
            version: 1;
            nonce?: string;
            job: {
                repository: string | null;
                workflow: string | null;
                workflowRef: string | null;
                job: string | null;
                runId: string | null;
                runAttempt: string | null;
                ref: string | null;
                sha: string | null;
                event: string | null;
                actor: string | null;
            };
            runner: {
                name: string | null;
                os: string | null;
                arch: string | null;
                environment: string | null;
            };
            policy: {
                /** @constant */
                from: "name";
                name: string;
            } | {
                /** @constant */
                from: "store";
            } | {
                /** @constant */
                from: "workflow";
            };
        };
        JobStarted: {
            jobId: string;
            token: string;
            policies: components["schemas"]["StoredPolicy"][];
            policyVersion?: string | null;
            blockList: {
                version: string;
                text: string;
            } | null;
            insightsUrl: string | null;
            skip: {
                reason: string;
            } | null;
        };
        JobSummary: {
            id: string;
            repository: string | null;
            workflow: string | null;
            job: string | null;
            runId: string | null;
            runAttempt: string | null;
            ref: string | null;
            sha: string | null;
            event: string | null;
            actor: string | null;
            runnerName: string | null;
            runnerOs: string | null;
            runnerArch: string | null;
            runnerEnvironment: string | null;
            proven: boolean;
            startedAt: number;
            heardAt: number;
            finishedAt: number | null;
            /** @enum {string} */
            state: "running" | "silent" | "lost" | "finished";
            exit: number | null;
            tier: string | null;
            armed: boolean | null;
            egress: ("audit" | "block") | null;
            protection: ("armed" | "unprotected" | "not-run") | null;
            detections: number;
            eventsLost: {
                [key: string]: number;
            };
            tampered: boolean;
            interrupted: boolean;
            insightsUrl: string | null;
            hasReport: boolean;
            segments: {
                acknowledged: number;
                indexed: number;
                last: number;
                bytes: number;
            };
            totals: {
                events: number;
                firstTime: number | null;
                lastTime: number | null;
                byKind: {
                    [key: string]: number;
                };
                byVerdict: {
                    [key: string]: number;
                };
                rows: {
                    [key: string]: number;
                };
                notUnderstood: number;
            };
        };
        Member: {
            id: string;
            name: string;
            issuer: string;
            /** @enum {string} */
            role: "viewer" | "editor" | "admin";
        };
        NewBlockListEntryInput: {
            value: string;
            reason: string;
            /** @default null */
            reference?: string | null;
            /** @default null */
            expiresAt?: number | null;
        };
        OpaqueRow: {
            library: ("openssl" | "node" | "gnutls" | "go" | "nss" | "boringssl") | null;
            reason: string;
            host: string | null;
            bytesSent: number;
            bytesReceived: number;
            programs: {
                exe: string | null;
                step: string | null;
            }[];
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        Organisation: {
            id: string;
            name: string;
        };
        OrganisationDestination: {
            host: string;
            jobs: number;
            repositories: number;
            calls: number | null;
            verdicts: components["schemas"]["Verdict"][];
            firstSeen: number;
            lastSeen: number;
            isNew: boolean;
        };
        OrganisationWithRole: {
            id: string;
            name: string;
            /** @enum {string} */
            role: "viewer" | "editor" | "admin";
        };
        Overview: {
            from: number;
            to: number;
            bucketMs: number;
            jobs: number;
            runs: number;
            repositories: number;
            states: {
                [key: string]: number;
            };
            calls: components["schemas"]["CallCounts"];
            detections: {
                [key: string]: {
                    [key: string]: number;
                };
            };
            coverage: {
                jobs: number;
                blocking: number;
                auditing: number;
                gaps: number;
                unprotected: number;
                unknown: number;
            };
            tiers: {
                [key: string]: number;
            };
            buckets: {
                jobs: number;
                blocking: number;
                auditing: number;
                gaps: number;
                unprotected: number;
                unknown: number;
                at: number;
                calls: components["schemas"]["CallCounts"];
                detections: number;
            }[];
            destinations: components["schemas"]["OrganisationDestination"][];
            unprotected: {
                jobs: number;
                newest: components["schemas"]["Job"][];
                quietRepositories: string[];
            };
            silent: {
                jobs: number;
                newest: components["schemas"]["Job"][];
            };
        };
        PolicyAttachment: {
            id: string;
            policy: string;
            /** @enum {string} */
            level: "job" | "workflow" | "repository" | "organisation" | "cluster";
            repository: string | null;
            workflow: string | null;
            job: string | null;
            createdBy: string;
            createdAt: number;
        };
        PolicyHead: {
            id: string;
            name: string;
            version: number;
            author: string;
            reason: string;
            createdAt: number;
            attachments: number;
        };
        PolicyInForce: {
            at: number;
            /** @enum {string} */
            egress: "audit" | "block";
            /** @enum {string} */
            protection: "armed" | "unprotected";
            /** @enum {string} */
            tier: "T0" | "T1" | "T2" | "none";
            text: string | null;
            otherwise: string | null;
        };
        PolicyNoted: {
            number: number;
        };
        PolicySimulation: {
            summary: string;
            runs: number;
            refusedRuns: number;
            refused: {
                host: string;
                port: number | null;
                protocol: string | null;
                verdict: string;
                reason: string;
                rule: string | null;
                was: string[];
                runs: number;
                jobIds: string[];
            }[];
            truncatedRuns: number;
            warnings: string[];
        };
        PolicyVersion: {
            name: string;
            version: number;
            text: string;
            author: string;
            reason: string;
            origin: string | null;
            createdAt: number;
            diff: string;
        };
        ProcessRow: {
            execId: string;
            parentExecId: string | null;
            pid: number;
            uid: number;
            step: string | null;
            images: {
                exe: string;
                argv: string[];
                argvTruncated: boolean;
                cwd: string;
                time: number;
                sha256?: string;
                /** @enum {string} */
                unread?: "" | "gone" | "changed" | "large" | "served" | "unreadable" | "budget" | "late";
            }[];
            endTime: number | null;
            code: number | null;
            signal: number | null;
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        ProgramRow: {
            path: string;
            execId: string | null;
            step: string | null;
            size: number | null;
            sha256: string | null;
            /** @enum {string} */
            unread: "" | "gone" | "changed" | "large" | "served" | "unreadable" | "budget" | "late";
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        /** @enum {string} */
        Protocol: "tcp" | "udp" | "icmp" | "icmp6" | "sctp" | "dccp" | "udplite" | "raw" | "other";
        RecommendedPolicy: {
            text: string;
            runs: number;
            /** @enum {string} */
            state: "stable" | "unstable";
            evidence: {
                host: string;
                port: number;
                protocol: string;
                runs: number;
                jobIds: string[];
                first: components["schemas"]["BaselineSeen"];
                last: components["schemas"]["BaselineSeen"];
                steps: string[];
                programs: string[];
                names: string[];
            }[];
        };
        Report: {
            version: string;
            scope: string;
            command: string[];
            step: string;
            /** @enum {string} */
            egress: "audit" | "block";
            /** @enum {string} */
            protection: "armed" | "unprotected" | "not-run";
            policyFile: string | null;
            policyLines?: {
                rule: string;
                endpoint: string;
                entry: string;
            }[];
            startTime: number;
            endTime: number;
            kernel: string;
            exitStatus: number | null;
            runner?: string | null;
            leftOver: {
                execId: string | null;
                pid: number;
                exe: string;
                ended: boolean;
            }[];
            workspace: string;
            filesUnwatched?: string | null;
            github: {
                repository: string | null;
                apiUrl: string | null;
                serverUrl: string | null;
                granted: {
                    [key: string]: string;
                } | null;
            };
            health: components["schemas"]["ReportHealth"];
            /** @constant */
            schema: 1;
            destinations: components["schemas"]["ReportDestination"][];
            dns: components["schemas"]["ReportDns"][];
            http: components["schemas"]["ReportHttp"][];
            opaque: components["schemas"]["ReportOpaque"][];
            files: components["schemas"]["ReportFile"][];
            changes?: components["schemas"]["ReportChange"][];
            processes: components["schemas"]["ReportNode"][];
            programs?: components["schemas"]["ReportProgram"][];
            sandbox: components["schemas"]["ReportSandbox"][];
            detections: components["schemas"]["ReportDetection"][];
            suppressed?: components["schemas"]["ReportSuppressed"][];
            steps: {
                id: string;
                name: string;
                stages?: string[];
            }[];
            recommendedPolicy: string;
            minimumPermissions: string | null;
            tokenCalls: components["schemas"]["ReportTokenCall"][];
            truncated: {
                [key: string]: number;
            };
            counts: {
                events: number;
                processes: number;
                byKind: {
                    [key: string]: number;
                };
                byVerdict: {
                    [key: string]: number;
                };
            };
        };
        ReportChange: {
            path: string;
            /** @enum {string} */
            state: "changed" | "restored" | "unchanged" | "unknown";
            ways: string[];
            execId: string | null;
            exe: string;
            step: string | null;
            writer: {
                exe: string;
                step: string | null;
            } | null;
            /** @enum {string} */
            relation: "same-program" | "same-step" | "other-step" | "before-run";
            before: string | null;
            after: string | null;
            dependency: string | null;
            count: number;
        };
        ReportDestination: {
            host: string | null;
            address: string;
            port: number;
            protocol: components["schemas"]["Protocol"];
            verdict: components["schemas"]["Verdict"];
            reason: string;
            rule: string | null;
            count: number;
            bytesOut: number;
            processes: components["schemas"]["ReportProcess"][];
            firstSeq: number;
            addresses: string[];
            local: boolean;
            endpoint: string | null;
        };
        ReportDetection: {
            id: string;
            severity: components["schemas"]["Severity"];
            title: string;
            text: string;
            evidence: number[];
            step: string | null;
            execId: string | null;
            acts: {
                seq: number;
                time: number;
                text: string;
            }[];
        };
        ReportDns: {
            name: string;
            type: string;
            verdict: components["schemas"]["Verdict"];
            reason: string;
            server: string;
            rcode: string | null;
            addresses: string[];
            count: number;
            processes: components["schemas"]["ReportProcess"][];
        };
        ReportFile: {
            path: string;
            /** @enum {string} */
            action: "write" | "create" | "delete" | "rename" | "read";
            execId: string | null;
            exe: string;
            to: string | null;
            sensitive: string | null;
            workspace: boolean;
            errno: number;
            count: number;
        };
        ReportHealth: {
            /** @enum {string} */
            tier: "T0" | "T1" | "T2" | "none";
            armedMs: number | null;
            hooks: {
                name: string;
                /** @enum {string} */
                tier: "T0" | "T1" | "T2";
                /** @enum {string} */
                state: "active" | "refused" | "unneeded";
                reason: string;
            }[];
            eventsLost: {
                [key: string]: number;
            };
            gaps: string[];
            interrupted?: boolean;
        };
        ReportHttp: {
            method: string;
            /** @enum {string} */
            scheme: "http" | "https";
            host: string;
            path: string;
            verdict: components["schemas"]["Verdict"];
            reason?: string;
            step: string | null;
            count: number;
            statuses: {
                [key: string]: number;
            };
            requestBytes: number;
            responseBytes: number;
            processes: components["schemas"]["ReportProcess"][];
        };
        ReportNode: {
            execId: string;
            parentExecId: string | null;
            pid: number;
            uid: number;
            images: {
                exe: string;
                argv: string[];
                argvTruncated: boolean;
                cwd: string;
                time: number;
                sha256?: string;
                /** @enum {string} */
                unread?: "" | "gone" | "changed" | "large" | "served" | "unreadable" | "budget" | "late";
            }[];
            step: string | null;
            startTime: number;
            endTime: number | null;
            code: number | null;
            signal: number | null;
        };
        ReportOpaque: {
            exe: string;
            host: string | null;
            reason: string;
            library: string | null;
            connections: number;
            bytesSent: number;
            bytesReceived: number;
            processes: components["schemas"]["ReportProcess"][];
        };
        ReportProcess: {
            execId: string;
            exe: string;
            step: string | null;
            image: number | null;
        };
        ReportProgram: {
            path: string;
            execId: string | null;
            step: string | null;
            size: number | null;
            sha256: string | null;
            /** @enum {string} */
            unread: "" | "gone" | "changed" | "large" | "served" | "unreadable" | "budget" | "late";
            count: number;
        };
        ReportSandbox: {
            change: string;
            detail: string;
            execId: string | null;
            errno: number;
            count: number;
        };
        ReportSuppressed: {
            id: string;
            title: string;
            by: string;
            count: number;
        };
        ReportTokenCall: {
            endpoint: string;
            repository: string | null;
            count: number;
            needs: string[];
            /** @enum {string} */
            together: "all" | "any" | "unclear";
            /** @enum {string} */
            meaning: "needed" | "none" | "unknown" | "other-token" | "outside";
            programs: string[];
        };
        Repository: {
            repository: string;
            lastRun: components["schemas"]["Run"] | null;
            runs: number;
            severities: components["schemas"]["SeverityCounts"];
            egress: ("audit" | "block") | null;
            baseline: ("stable" | "unstable") | null;
        };
        Retention: {
            days: number;
            size: number;
            used: number;
            jobs: number;
            oldest: number | null;
        };
        Run: {
            id: string;
            repository: string | null;
            workflow: string | null;
            runId: string | null;
            runAttempt: string | null;
            ref: string | null;
            sha: string | null;
            event: string | null;
            actor: string | null;
            startedAt: number;
            finishedAt: number | null;
            /** @enum {string} */
            state: "running" | "silent" | "lost" | "finished";
            jobs: number;
            failed: number;
            egress: ("audit" | "block")[];
            reliance: ("bare" | "gaps" | "unknown" | "audit" | "block")[];
            calls: components["schemas"]["CallCounts"];
            severities: components["schemas"]["SeverityCounts"];
        };
        RunJob: {
            id: string;
            repository: string | null;
            workflow: string | null;
            job: string | null;
            runId: string | null;
            runAttempt: string | null;
            ref: string | null;
            sha: string | null;
            event: string | null;
            actor: string | null;
            runnerName: string | null;
            runnerOs: string | null;
            runnerArch: string | null;
            runnerEnvironment: string | null;
            proven: boolean;
            startedAt: number;
            heardAt: number;
            finishedAt: number | null;
            /** @enum {string} */
            state: "running" | "silent" | "lost" | "finished";
            exit: number | null;
            tier: string | null;
            armed: boolean | null;
            egress: ("audit" | "block") | null;
            protection: ("armed" | "unprotected" | "not-run") | null;
            detections: number;
            eventsLost: {
                [key: string]: number;
            };
            tampered: boolean;
            interrupted: boolean;
            calls: components["schemas"]["CallCounts"];
            severities: components["schemas"]["SeverityCounts"];
        };
        SandboxRow: {
            change: string;
            detail: string;
            errno: number;
            programs: {
                exe: string | null;
                step: string | null;
            }[];
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        SearchHit: {
            job: components["schemas"]["Job"];
            count: number;
            firstTime: number;
            lastTime: number;
            verdicts: components["schemas"]["Verdict"][];
        };
        SecretRow: {
            place: string;
            path: string;
            position: number;
            secret: string;
            form: string;
            proven: boolean;
            hash: string;
            programs: {
                exe: string | null;
                step: string | null;
            }[];
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
        };
        SeenAgent: {
            id: string;
            runnerName: string | null;
            runnerEnvironment: string | null;
            runnerOs: string | null;
            runnerArch: string | null;
            version: string | null;
            tier: string | null;
            armed: boolean | null;
            lastSeen: number;
            jobs: number;
        };
        SegmentAcknowledged: {
            acknowledged: number;
        };
        Session: {
            id: string;
            createdAt: number;
            expiresAt: number;
            isCurrent: boolean;
        };
        /** @enum {string} */
        Severity: "info" | "low" | "medium" | "high" | "critical";
        SeverityCounts: {
            [key: string]: number;
        };
        StoredPolicy: {
            /** @enum {string} */
            level: "job" | "workflow" | "repository" | "organisation" | "cluster";
            name: string;
            version: number;
            text: string;
        };
        Suppression: {
            id: string;
            match: {
                [key: string]: string;
            };
            reason: string;
            createdBy: string;
            createdAt: number;
            expiresAt: number | null;
            detections: number;
        };
        ToldPolicy: {
            number: number;
            at: number;
            /** @enum {string} */
            egress: "audit" | "block";
            tier: string;
            otherwise: string | null;
        };
        TreeProcess: {
            execId: string;
            parentExecId: string | null;
            pid: number;
            uid: number;
            step: string | null;
            images: {
                exe: string;
                argv: string[];
                argvTruncated: boolean;
                cwd: string;
                time: number;
                sha256?: string;
                /** @enum {string} */
                unread?: "" | "gone" | "changed" | "large" | "served" | "unreadable" | "budget" | "late";
            }[];
            endTime: number | null;
            code: number | null;
            signal: number | null;
            n: number;
            count: number;
            firstSeq: number;
            firstTime: number;
            lastTime: number;
            children: number;
            connections: number;
            requests: number;
            files: number;
            refused: number;
            detections: number;
        };
        /** @enum {string} */
        Verdict: "allowed" | "blocked" | "would-block" | "attack-blocked";
        WhyDestination: {
            recorded: {
                verdict: components["schemas"]["Verdict"];
                reason: string;
                rule: string | null;
                count: number;
                source: {
                    /** @enum {string} */
                    level: "job" | "workflow" | "repository" | "organisation" | "cluster";
                    name: string;
                    version: number;
                    line: number | null;
                } | null;
            }[];
            explained: {
                verdict: components["schemas"]["Verdict"];
                reason: string;
                rule: string | null;
                source: {
                    /** @enum {string} */
                    level: "job" | "workflow" | "repository" | "organisation" | "cluster";
                    name: string;
                    version: number;
                    line: number | null;
                } | null;
                near: {
                    where: string;
                    text: string;
                    why: string;
                }[];
                notes: string[];
            } | null;
        };
        Error: components["schemas"]["ErrorBody"];
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type About = components['schemas']['About'];
export type ApiKey = components['schemas']['ApiKey'];
export type AppliedPolicy = components['schemas']['AppliedPolicy'];
export type AppliedPolicyLine = components['schemas']['AppliedPolicyLine'];
export type AuditEntry = components['schemas']['AuditEntry'];
export type Baseline = components['schemas']['Baseline'];
export type BaselineSeen = components['schemas']['BaselineSeen'];
export type BlockList = components['schemas']['BlockList'];
export type BlockListEntry = components['schemas']['BlockListEntry'];
export type BlockListFeed = components['schemas']['BlockListFeed'];
export type CallCounts = components['schemas']['CallCounts'];
export type ChangeRow = components['schemas']['ChangeRow'];
export type DestinationRow = components['schemas']['DestinationRow'];
export type DnsRow = components['schemas']['DnsRow'];
export type ErrorBody = components['schemas']['ErrorBody'];
export type FileRow = components['schemas']['FileRow'];
export type Heartbeat = components['schemas']['Heartbeat'];
export type HeartbeatAnswer = components['schemas']['HeartbeatAnswer'];
export type HttpRow = components['schemas']['HttpRow'];
export type InboxDetection = components['schemas']['InboxDetection'];
export type InboxTrace = components['schemas']['InboxTrace'];
export type Invitation = components['schemas']['Invitation'];
export type Job = components['schemas']['Job'];
export type JobDetection = components['schemas']['JobDetection'];
export type JobDifference = components['schemas']['JobDifference'];
export type JobFinish = components['schemas']['JobFinish'];
export type JobFinished = components['schemas']['JobFinished'];
export type JobHealth = components['schemas']['JobHealth'];
export type JobPermissions = components['schemas']['JobPermissions'];
export type JobPolicies = components['schemas']['JobPolicies'];
export type JobRecommendation = components['schemas']['JobRecommendation'];
export type JobStart = components['schemas']['JobStart'];
export type JobStarted = components['schemas']['JobStarted'];
export type JobSummary = components['schemas']['JobSummary'];
export type Member = components['schemas']['Member'];
export type NewBlockListEntryInput = components['schemas']['NewBlockListEntryInput'];
export type OpaqueRow = components['schemas']['OpaqueRow'];
export type Organisation = components['schemas']['Organisation'];
export type OrganisationDestination = components['schemas']['OrganisationDestination'];
export type OrganisationWithRole = components['schemas']['OrganisationWithRole'];
export type Overview = components['schemas']['Overview'];
export type PolicyAttachment = components['schemas']['PolicyAttachment'];
export type PolicyHead = components['schemas']['PolicyHead'];
export type PolicyInForce = components['schemas']['PolicyInForce'];
export type PolicyNoted = components['schemas']['PolicyNoted'];
export type PolicySimulation = components['schemas']['PolicySimulation'];
export type PolicyVersion = components['schemas']['PolicyVersion'];
export type ProcessRow = components['schemas']['ProcessRow'];
export type ProgramRow = components['schemas']['ProgramRow'];
export type Protocol = components['schemas']['Protocol'];
export type RecommendedPolicy = components['schemas']['RecommendedPolicy'];
export type Report = components['schemas']['Report'];
export type ReportChange = components['schemas']['ReportChange'];
export type ReportDestination = components['schemas']['ReportDestination'];
export type ReportDetection = components['schemas']['ReportDetection'];
export type ReportDns = components['schemas']['ReportDns'];
export type ReportFile = components['schemas']['ReportFile'];
export type ReportHealth = components['schemas']['ReportHealth'];
export type ReportHttp = components['schemas']['ReportHttp'];
export type ReportNode = components['schemas']['ReportNode'];
export type ReportOpaque = components['schemas']['ReportOpaque'];
export type ReportProcess = components['schemas']['ReportProcess'];
export type ReportProgram = components['schemas']['ReportProgram'];
export type ReportSandbox = components['schemas']['ReportSandbox'];
export type ReportSuppressed = components['schemas']['ReportSuppressed'];
export type ReportTokenCall = components['schemas']['ReportTokenCall'];
export type Repository = components['schemas']['Repository'];
export type Retention = components['schemas']['Retention'];
export type Run = components['schemas']['Run'];
export type RunJob = components['schemas']['RunJob'];
export type SandboxRow = components['schemas']['SandboxRow'];
export type SearchHit = components['schemas']['SearchHit'];
export type SecretRow = components['schemas']['SecretRow'];
export type SeenAgent = components['schemas']['SeenAgent'];
export type SegmentAcknowledged = components['schemas']['SegmentAcknowledged'];
export type Session = components['schemas']['Session'];
export type Severity = components['schemas']['Severity'];
export type SeverityCounts = components['schemas']['SeverityCounts'];
export type StoredPolicy = components['schemas']['StoredPolicy'];
export type Suppression = components['schemas']['Suppression'];
export type ToldPolicy = components['schemas']['ToldPolicy'];
export type TreeProcess = components['schemas']['TreeProcess'];
export type Verdict = components['schemas']['Verdict'];
export type WhyDestination = components['schemas']['WhyDestination'];
export type Error = components['schemas']['Error'];
export type $defs = Record<string, never>;
export interface operations {
    get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["About"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getHealthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getReadyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["About"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1Audit: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEntry"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1Blocklist: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockList"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1Jobs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "version": 1,
                 *       "nonce": "6f0e4a52-4f0e-4f7c-9c1b-0a4b8a8c2f10",
                 *       "job": {
                 *         "repository": "acme/app",
                 *         "workflow": "build",
                 *         "workflowRef": "acme/app/.github/workflows/build.yml@refs/heads/main",
                 *         "job": "test",
                 *         "runId": "4711",
                 *         "runAttempt": "1",
                 *         "ref": "refs/heads/main",
                 *         "sha": null,
                 *         "event": "push",
                 *         "actor": "octocat"
                 *       },
                 *       "runner": {
                 *         "name": "runner 1",
                 *         "os": "Linux",
                 *         "arch": "X64",
                 *         "environment": "self-hosted"
                 *       },
                 *       "policy": {
                 *         "from": "store"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["JobStart"];
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobStarted"];
                };
            };
            /** @description the token is of an owner whom this server does not serve, or whose name changed hands */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description unknown-policy: there is none of the name that the job asks for */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description issuer-unreachable: the token cannot be checked now; try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1JobsIdBlocklist: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockList"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1JobsIdFinish: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JobFinish"];
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobFinished"];
                };
            };
            /** @description job-finished: with another last segment; the same again is a success */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description more than 16777216 bytes, or too-much: more than is read of one */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description too much comes at once; try again after `retry-after` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1JobsIdHeartbeat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Heartbeat"];
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeartbeatAnswer"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1JobsIdPolicies: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPolicies"];
                };
            };
            /** @description unknown-policy: the one that the job asked for was deleted since */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1JobsIdPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PolicyInForce"];
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyNoted"];
                };
            };
            /** @description job-finished: its report says what held */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1JobsIdRecommendation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobRecommendation"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1JobsIdSegmentsSeq: {
        parameters: {
            query?: never;
            header: {
                "runwarden-previous": string;
                "runwarden-hash": string;
            };
            path: {
                id: string;
                seq: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/zstd": string;
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SegmentAcknowledged"];
                };
            };
            /** @description it is no segment, or its hash is another; the same bytes will not be taken */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description another segment was acknowledged under this number, or the job has finished without it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description more than 4194304 bytes packed, or 16777216 unpacked; job-too-large: the job has sent all that it may (--job-size) */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description the body is no application/zstd */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description too much comes at once; try again after `retry-after` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description disk-full: nothing of it was kept; try again later */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1JobsIdStream: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1Me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        kind: "user" | "key";
                        id: string;
                        name: string;
                        operator: boolean;
                        organisations: components["schemas"]["OrganisationWithRole"][];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1MeSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Session"][];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1MeSessionsSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1Orgs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organisation"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrg: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Organisation"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgAgents: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SeenAgent"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgAudit: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEntry"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgBaseline: {
        parameters: {
            query?: {
                repository?: string;
                workflow?: string;
                job?: string;
                runs?: number;
                days?: number;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Baseline"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgBlocklist: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockList"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgBlocklistEntries: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                value?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["BlockListEntry"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgBlocklistEntries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    entries: components["schemas"]["NewBlockListEntryInput"][];
                    /** @default false */
                    replace?: boolean;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        ids: string[];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgBlocklistEntriesEntry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                entry: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgBlocklistFeeds: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["BlockListFeed"][];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgBlocklistFeeds: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** Format: uri */
                    url: string;
                    trust: {
                        /** @constant */
                        kind: "sha256";
                        hash: string;
                    } | {
                        /** @constant */
                        kind: "ed25519";
                        publicKey: string;
                    };
                    /** @default 60 */
                    everyMinutes?: number;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockListFeed"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgBlocklistFeedsFeed: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                feed: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgBlocklistFeedsFeedRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                feed: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockListFeed"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgDestinations: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                period?: "24h" | "7d" | "30d";
                kind?: "host" | "address";
                like?: string;
                verdict?: components["schemas"]["Verdict"];
                new?: "true" | "false";
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["OrganisationDestination"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgDetections: {
        parameters: {
            query?: {
                limit?: number;
                before?: string;
                state?: "open" | "acknowledged" | "suppressed" | "resolved";
                detection?: string;
                severity?: components["schemas"]["Severity"];
                repository?: string;
                job?: string;
                suppression?: string;
                from?: number;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["InboxDetection"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgDetectionsDetection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                detection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        detection: string;
                        severity: string;
                        title: string;
                        text: string;
                        time: number;
                        step: string | null;
                        /** @enum {string} */
                        source: "agent" | "server";
                        /** @enum {string} */
                        state: "open" | "acknowledged" | "suppressed" | "resolved";
                        evidence: number[];
                        about: {
                            endpoint: string[];
                            host: string[];
                            ip: string[];
                            process: string[];
                            file: string[];
                            secret: string[];
                        }[];
                        suppression: string | null;
                        job: {
                            id: string;
                            repository: string | null;
                            workflow: string | null;
                            job: string | null;
                            runId: string | null;
                            runAttempt: string | null;
                            url: string | null;
                        };
                        trace: components["schemas"]["InboxTrace"][];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgDetectionsDetectionState: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                detection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    state: "open" | "acknowledged" | "resolved";
                    note: string;
                    /** @default null */
                    seen?: ("open" | "acknowledged" | "suppressed" | "resolved") | null;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        detection: string;
                        severity: string;
                        title: string;
                        text: string;
                        time: number;
                        step: string | null;
                        /** @enum {string} */
                        source: "agent" | "server";
                        /** @enum {string} */
                        state: "open" | "acknowledged" | "suppressed" | "resolved";
                        evidence: number[];
                        about: {
                            endpoint: string[];
                            host: string[];
                            ip: string[];
                            process: string[];
                            file: string[];
                            secret: string[];
                        }[];
                        suppression: string | null;
                        job: {
                            id: string;
                            repository: string | null;
                            workflow: string | null;
                            job: string | null;
                            runId: string | null;
                            runAttempt: string | null;
                            url: string | null;
                        };
                        trace: components["schemas"]["InboxTrace"][];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgEffectivePolicies: {
        parameters: {
            query: {
                repository: string;
                workflow: string;
                job: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["StoredPolicy"][];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgInvitations: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Invitation"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgInvitations: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @enum {string} */
                    role: "viewer" | "editor" | "admin";
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        url: string;
                        expiresAt: number;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgInvitationsInvitation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                invitation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobs: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                repository?: string;
                run?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Job"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobSummary"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdChanges: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ChangeRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdComparison: {
        parameters: {
            query?: {
                with?: "baseline" | string;
                of?: "destinations" | "programs" | "requests" | "files";
                only?: "here" | "there" | "both" | "different";
                search?: string;
                limit?: number;
                after?: number;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["JobDifference"][];
                        next: number | null;
                        counts: {
                            here: number;
                            there: number;
                            both: number;
                            different: number;
                        };
                        runs: number | null;
                        isWhole: boolean;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdDestinations: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
                verdict?: components["schemas"]["Verdict"];
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["DestinationRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdDetections: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["JobDetection"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdDns: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
                verdict?: components["schemas"]["Verdict"];
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["DnsRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdFiles: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["FileRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdHealth: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobHealth"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdHttp: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
                verdict?: components["schemas"]["Verdict"];
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["HttpRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdOpaque: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["OpaqueRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdPermissions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPermissions"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdPolicy: {
        parameters: {
            query?: {
                number?: number;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AppliedPolicy"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdProcessTree: {
        parameters: {
            query?: {
                parent?: string;
                line?: string;
                search?: string;
                limit?: number;
                after?: number;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["TreeProcess"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdProcesses: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ProcessRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdPrograms: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ProgramRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdReport: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdSandbox: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SandboxRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdSecrets: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                step?: string;
                search?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SecretRow"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdTimeline: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                kinds?: string;
                from?: number;
                execId?: string;
                step?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: ({
                            seq: number;
                            time: number;
                            kind: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        next: string | null;
                        unread: number[];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgJobsIdWhy: {
        parameters: {
            query: {
                host: string;
                port: number;
                protocol?: "tcp" | "udp";
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhyDestination"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgKeys: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ApiKey"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgKeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @enum {string} */
                    role: "viewer" | "editor" | "admin" | "agent";
                    /** @default null */
                    expiresAt?: number | null;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        key: string;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgKeysKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgLive: {
        parameters: {
            query?: {
                job?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgMembers: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Member"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    putV1OrgsOrgMembersUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                user: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    role: "viewer" | "editor" | "admin";
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        role: "viewer" | "editor" | "admin";
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgMembersUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgOverview: {
        parameters: {
            query?: {
                period?: "24h" | "7d" | "30d";
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgOwner: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgPolicies: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PolicyHead"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgPoliciesPolicy: {
        parameters: {
            query?: {
                version?: number;
            };
            header?: never;
            path: {
                org: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyVersion"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    putV1OrgsOrgPoliciesPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    text?: string;
                    from?: {
                        /** @constant */
                        kind: "job";
                        jobId: string;
                    } | {
                        /** @constant */
                        kind: "baseline";
                        window: {
                            repository?: string;
                            workflow?: string;
                            job?: string;
                            /** @default 100 */
                            runs?: number;
                            days?: number;
                        };
                    };
                    reason: string;
                    /** @default null */
                    basedOn?: number | null;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        name: string;
                        version: number;
                        text: string;
                        author: string;
                        reason: string;
                        origin: string | null;
                        createdAt: number;
                        diff: string;
                        warnings: string[];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgPoliciesPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgPoliciesPolicyText: {
        parameters: {
            query?: {
                version?: number;
            };
            header?: never;
            path: {
                org: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgPoliciesPolicyVersions: {
        parameters: {
            query?: {
                limit?: number;
                below?: number;
            };
            header?: never;
            path: {
                org: string;
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PolicyVersion"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgPolicyAttachments: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PolicyAttachment"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgPolicyAttachments: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    policy: string;
                    target: {
                        /** @constant */
                        level: "cluster";
                    } | {
                        /** @constant */
                        level: "organisation";
                    } | {
                        /** @constant */
                        level: "repository";
                        repository: string;
                    } | {
                        /** @constant */
                        level: "workflow";
                        repository: string;
                        workflow: string;
                    } | {
                        /** @constant */
                        level: "job";
                        repository: string;
                        workflow: string;
                        job: string;
                    };
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        replaced: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgPolicyAttachmentsAttachment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                attachment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgPolicyChecks: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    text: string;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        warnings: string[];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgPolicySimulations: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    text: string;
                    /** @default {} */
                    window?: {
                        repository?: string;
                        workflow?: string;
                        job?: string;
                        /** @default 100 */
                        runs?: number;
                        days?: number;
                    };
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicySimulation"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgRecommendation: {
        parameters: {
            query?: {
                repository?: string;
                workflow?: string;
                job?: string;
                runs?: number;
                days?: number;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecommendedPolicy"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgRepositories: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                like?: string;
                period?: "24h" | "7d" | "30d";
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Repository"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgRetention: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Retention"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgRuns: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                repository?: string;
                workflow?: string;
                ref?: string;
                run?: string;
                attempt?: string;
                verdict?: components["schemas"]["Verdict"];
                detection?: string;
                severity?: components["schemas"]["Severity"];
                egress?: "audit" | "block";
                state?: "running" | "silent" | "lost" | "finished";
                from?: number;
                to?: number;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Run"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgRunsId: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run: components["schemas"]["Run"];
                        items: components["schemas"]["RunJob"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgSearch: {
        parameters: {
            query?: {
                host?: string;
                address?: string;
                exe?: string;
                hash?: string;
                path?: string;
                api?: string;
                from?: number;
                to?: number;
                limit?: number;
                after?: number;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SearchHit"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgSuppressionPreviews: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    match: {
                        id?: string;
                        owner?: string;
                        repository?: string;
                        workflow?: string;
                        job?: string;
                        step?: string;
                        endpoint?: string;
                        host?: string;
                        ip?: string;
                        process?: string;
                        file?: string;
                        secret?: string;
                    };
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        now: number;
                        past: number;
                        jobs: number;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1OrgsOrgSuppressions: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Suppression"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1OrgsOrgSuppressions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    match: {
                        id?: string;
                        owner?: string;
                        repository?: string;
                        workflow?: string;
                        job?: string;
                        step?: string;
                        endpoint?: string;
                        host?: string;
                        ip?: string;
                        process?: string;
                        file?: string;
                        secret?: string;
                    };
                    reason: string;
                    /** @default null */
                    expiresAt?: number | null;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        suppressed: number;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1OrgsOrgSuppressionsSuppression: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                org: string;
                suppression: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        opened: number;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1ServerBlocklistEntries: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                value?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["BlockListEntry"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1ServerBlocklistEntries: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    entries: components["schemas"]["NewBlockListEntryInput"][];
                    /** @default false */
                    replace?: boolean;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        ids: string[];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1ServerBlocklistEntriesEntry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                entry: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1ServerBlocklistFeeds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["BlockListFeed"][];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1ServerBlocklistFeeds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** Format: uri */
                    url: string;
                    trust: {
                        /** @constant */
                        kind: "sha256";
                        hash: string;
                    } | {
                        /** @constant */
                        kind: "ed25519";
                        publicKey: string;
                    };
                    /** @default 60 */
                    everyMinutes?: number;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockListFeed"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1ServerBlocklistFeedsFeed: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                feed: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1ServerBlocklistFeedsFeedRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                feed: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockListFeed"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1ServerPolicies: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PolicyHead"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1ServerPoliciesPolicy: {
        parameters: {
            query?: {
                version?: number;
            };
            header?: never;
            path: {
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyVersion"];
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    putV1ServerPoliciesPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                policy: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    text?: string;
                    from?: {
                        /** @constant */
                        kind: "job";
                        jobId: string;
                    } | {
                        /** @constant */
                        kind: "baseline";
                        window: {
                            repository?: string;
                            workflow?: string;
                            job?: string;
                            /** @default 100 */
                            runs?: number;
                            days?: number;
                        };
                    };
                    reason: string;
                    /** @default null */
                    basedOn?: number | null;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        name: string;
                        version: number;
                        text: string;
                        author: string;
                        reason: string;
                        origin: string | null;
                        createdAt: number;
                        diff: string;
                        warnings: string[];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1ServerPoliciesPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1ServerPoliciesPolicyText: {
        parameters: {
            query?: {
                version?: number;
            };
            header?: never;
            path: {
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1ServerPoliciesPolicyVersions: {
        parameters: {
            query?: {
                limit?: number;
                below?: number;
            };
            header?: never;
            path: {
                policy: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PolicyVersion"][];
                        next: number | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1ServerPolicyAttachments: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PolicyAttachment"][];
                        next: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1ServerPolicyAttachments: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    policy: string;
                    target: {
                        /** @constant */
                        level: "cluster";
                    } | {
                        /** @constant */
                        level: "organisation";
                    } | {
                        /** @constant */
                        level: "repository";
                        repository: string;
                    } | {
                        /** @constant */
                        level: "workflow";
                        repository: string;
                        workflow: string;
                    } | {
                        /** @constant */
                        level: "job";
                        repository: string;
                        workflow: string;
                        job: string;
                    };
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        replaced: string | null;
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteV1ServerPolicyAttachmentsAttachment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                attachment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1ServerPolicyChecks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    text: string;
                };
            };
        };
        responses: {
            /** @description success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        warnings: string[];
                    };
                };
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1SignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1SignInCallback: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1SignInInvitation: {
        parameters: {
            query: {
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1SignInInvitation: {
        parameters: {
            query: {
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getV1SignInLink: {
        parameters: {
            query: {
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1SignInLink: {
        parameters: {
            query: {
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    postV1SignOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
}
