/**
 * What mutations of GitHub's GraphQL API need, as their REST counterparts do: write access to one of the permissions.
 * Where there are two, the mutation is of an issue or of a pull request, which only its arguments say.
 */
const table = `
pull-requests: createPullRequest updatePullRequest closePullRequest reopenPullRequest markPullRequestReadyForReview
pull-requests: convertPullRequestToDraft requestReviews addPullRequestReview submitPullRequestReview
pull-requests: dismissPullRequestReview addPullRequestReviewComment addPullRequestReviewThread resolveReviewThread
issues: createIssue updateIssue closeIssue reopenIssue
issues|pull-requests: addComment updateIssueComment deleteIssueComment addLabelsToLabelable removeLabelsFromLabelable
issues|pull-requests: addAssigneesToAssignable removeAssigneesFromAssignable lockLockable unlockLockable
contents: createCommitOnBranch createRef updateRef deleteRef mergeBranch mergePullRequest
discussions: createDiscussion updateDiscussion deleteDiscussion addDiscussionComment updateDiscussionComment
`

/** The permissions of which one is enough, by the mutation's name. */
export const mutationNeeds: ReadonlyMap<string, readonly string[]> = new Map(
  table
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [permissions = '', names = ''] = line.split(': ')
      return names.split(' ').map((name) => [name, permissions.split('|')] as const)
    }),
)
