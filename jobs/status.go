package jobs

// Status is the state of a node. What it waits for, or why it ended so, is its
// Reason, never another status.
type Status string

// The twelve states.
const (
	StatusPlanning           Status = "planning"
	StatusAwaitingApproval   Status = "awaiting_approval"
	StatusQueued             Status = "queued"
	StatusRunning            Status = "running"
	StatusWaitingForChildren Status = "waiting_for_children"
	StatusWaitingForInput    Status = "waiting_for_input"
	StatusPaused             Status = "paused"

	StatusCompleted Status = "completed"
	StatusPartial   Status = "partial"
	StatusFailed    Status = "failed"
	StatusCancelled Status = "cancelled"
	StatusSkipped   Status = "skipped"
)

// Statuses lists all states, open ones first.
func Statuses() []Status {
	return []Status{
		StatusPlanning, StatusAwaitingApproval, StatusQueued, StatusRunning,
		StatusWaitingForChildren, StatusWaitingForInput, StatusPaused,
		StatusCompleted, StatusPartial, StatusFailed, StatusCancelled, StatusSkipped,
	}
}

// Final reports whether nothing more happens to a node by itself.
func (s Status) Final() bool {
	switch s {
	case StatusCompleted, StatusPartial, StatusFailed, StatusCancelled, StatusSkipped:
		return true
	default:
		return false
	}
}

// Good reports whether a node left a result that others may build on.
func (s Status) Good() bool { return s == StatusCompleted || s == StatusPartial }

// Reason says why a node waits or how it came to its end. Empty: nothing to say.
type Reason string

// The reasons.
const (
	ReasonDependency       Reason = "dependency"
	ReasonSlot             Reason = "slot"
	ReasonRetryAt          Reason = "retry_at"
	ReasonRateLimit        Reason = "rate_limit"
	ReasonBudget           Reason = "budget"
	ReasonApproval         Reason = "approval"
	ReasonQuestion         Reason = "question"
	ReasonTimeout          Reason = "timeout"
	ReasonDependencyFailed Reason = "dependency_failed"
	ReasonChildrenFailed   Reason = "children_failed"
	ReasonUser             Reason = "user"
	ReasonPlanInvalid      Reason = "plan_invalid"
	ReasonTruncated        Reason = "truncated"
	ReasonContentPolicy    Reason = "content_policy"
	ReasonWorkerLost       Reason = "worker_lost"
	ReasonEffectUnknown    Reason = "effect_unknown"
	ReasonExpired          Reason = "expired"
	ReasonModel            Reason = "model"    // the provider refused for good: key, quota, no such model
	ReasonUnpriced         Reason = "unpriced" // the model's price is unknown under a hard budget
	ReasonNotNeeded        Reason = "not_needed"
	ReasonReplanned        Reason = "replanned" // failed, and was planned anew
	ReasonStopped          Reason = "stopped"   // handed back by a stopping process
	ReasonDisk             Reason = "disk_full"
	ReasonInternal         Reason = "internal"
)

// Event is what happens to a node and may change its Status.
type Event string

// The events, as the rows of the transition table.
const (
	EventSubmit      Event = "submit"
	EventOneStep     Event = "one_step"     // the plan has one step: the node becomes a leaf
	EventPlanned     Event = "planned"      // the plan's tree was inserted
	EventAskApproval Event = "ask_approval" // the same, and a person must agree first
	EventApprove     Event = "approve"
	EventRewrite     Event = "rewrite"    // people want another plan in place of one that waits for approval
	EventReady       Event = "ready"      // dependencies of a branch are satisfied: its children may go
	EventClaim       Event = "claim"      // a worker took the node for work or combining
	EventClaimPlan   Event = "claim_plan" // a worker took the node for planning
	EventComplete    Event = "complete"
	EventPartial     Event = "partial"
	EventFail        Event = "fail"
	EventRetry       Event = "retry"    // back to the queue: error, rate limit, lost worker, stop
	EventPark        Event = "park"     // waits for a person or money
	EventUnpark      Event = "unpark"   // the person answered
	EventChildren    Event = "children" // the last child is final and there is something to combine
	EventSkip        Event = "skip"
	EventPause       Event = "pause"
	EventResume      Event = "resume"
	EventCancel      Event = "cancel"
	EventReplan      Event = "replan" // what failed below a branch is set aside for another plan
	EventReopen      Event = "reopen" // a final node runs again, or one below it does
)

// transitions is the table of DESIGN 4: what an event makes of a status. What is
// not in it cannot happen.
var transitions = map[Event]map[Status][]Status{ //nolint:gochecknoglobals // a constant table
	EventSubmit:      {"": {StatusPlanning}},
	EventClaimPlan:   {StatusPlanning: {StatusPlanning}, StatusQueued: {StatusPlanning}},
	EventOneStep:     {StatusPlanning: {StatusQueued}},
	EventPlanned:     {"": {StatusQueued, StatusWaitingForChildren}, StatusPlanning: {StatusWaitingForChildren}},
	EventAskApproval: {StatusPlanning: {StatusAwaitingApproval}},
	EventApprove:     {StatusAwaitingApproval: {StatusWaitingForChildren, StatusQueued}},
	EventRewrite:     {StatusAwaitingApproval: {StatusPlanning}},
	EventReady:       {StatusQueued: {StatusWaitingForChildren}},
	EventClaim:       {StatusQueued: {StatusRunning}},
	EventComplete:    {StatusRunning: {StatusCompleted}},
	EventPartial:     {StatusRunning: {StatusPartial}},
	EventFail: {
		StatusRunning: {StatusFailed}, StatusPlanning: {StatusFailed}, StatusWaitingForChildren: {StatusFailed},
		StatusQueued: {StatusFailed}, StatusWaitingForInput: {StatusFailed}, StatusAwaitingApproval: {StatusFailed},
		StatusPaused: {StatusFailed},
	},
	EventRetry:    {StatusRunning: {StatusQueued}, StatusPlanning: {StatusQueued, StatusPlanning}},
	EventPark:     {StatusRunning: {StatusWaitingForInput}, StatusPlanning: {StatusWaitingForInput}},
	EventUnpark:   {StatusWaitingForInput: {StatusQueued, StatusPlanning}},
	EventChildren: {StatusWaitingForChildren: {StatusQueued}},
	EventSkip: {
		StatusQueued: {StatusSkipped}, StatusWaitingForInput: {StatusSkipped}, StatusPaused: {StatusSkipped},
		StatusWaitingForChildren: {StatusSkipped}, StatusRunning: {StatusSkipped}, StatusPlanning: {StatusSkipped},
	},
	EventPause: {
		StatusPlanning: {StatusPaused}, StatusAwaitingApproval: {StatusPaused}, StatusQueued: {StatusPaused},
		StatusRunning: {StatusPaused}, StatusWaitingForChildren: {StatusPaused}, StatusWaitingForInput: {StatusPaused},
	},
	EventResume: {StatusPaused: {
		StatusPlanning, StatusAwaitingApproval, StatusQueued, StatusWaitingForChildren, StatusWaitingForInput,
	}},
	EventCancel: {
		StatusPlanning: {StatusCancelled}, StatusAwaitingApproval: {StatusCancelled}, StatusQueued: {StatusCancelled},
		StatusRunning: {StatusCancelled}, StatusWaitingForChildren: {StatusCancelled},
		StatusWaitingForInput: {StatusCancelled}, StatusPaused: {StatusCancelled},
	},
	EventReplan: {
		StatusFailed: {StatusSkipped}, StatusCancelled: {StatusSkipped}, StatusSkipped: {StatusSkipped},
	},
	EventReopen: {
		StatusCompleted: {StatusQueued, StatusWaitingForChildren}, StatusPartial: {StatusQueued, StatusWaitingForChildren},
		StatusFailed:    {StatusQueued, StatusPlanning, StatusWaitingForChildren},
		StatusCancelled: {StatusQueued, StatusPlanning, StatusWaitingForChildren},
		StatusSkipped:   {StatusQueued, StatusPlanning, StatusWaitingForChildren},
		// Of a branch that was about to be combined when a step below it was run again.
		StatusQueued: {StatusWaitingForChildren}, StatusRunning: {StatusWaitingForChildren},
		StatusPaused: {StatusPaused},
	},
}

// CanBecome reports whether e may turn from into to. The empty status is that of
// a node that does not exist yet.
func (e Event) CanBecome(from, to Status) bool {
	for _, s := range transitions[e][from] {
		if s == to {
			return true
		}
	}
	return false
}

// From lists the states in which e can happen, in the order of Statuses.
func (e Event) From() []Status {
	var list []Status
	for _, s := range Statuses() {
		if len(transitions[e][s]) > 0 {
			list = append(list, s)
		}
	}
	return list
}
