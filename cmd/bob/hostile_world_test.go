package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"

	"github.com/askbob/bob/jobs"
)

// world says how vendors behave. The same world does the same to the same request
// of a job, whatever else goes on.
type world struct {
	seed     uint64
	violence int // of a hundred requests, how many go wrong
	lies     int // of a hundred answers, how many misreport their usage
	faults   []blow
	large    bool // plans may have many steps
}

// answers is the script of one provider.
func (w world) answers(provider string) script {
	return func(a asked) blow {
		h := fnv.New64()
		_, _ = fmt.Fprintf(h, "%s %s %d", provider, a.mark, a.nth)
		dice := rand.New(rand.NewPCG(w.seed, h.Sum64()))
		do := good
		if len(w.faults) > 0 && dice.IntN(100) < w.violence {
			do = w.faults[dice.IntN(len(w.faults))]
		}
		return func(rw http.ResponseWriter, r *http.Request, a asked) {
			if dice.IntN(100) < w.lies {
				a.lie = lies[dice.IntN(len(lies))]
			}
			if a.what == forPlan {
				a.nodes = w.shape(dice, a)
			}
			do(rw, r, a)
		}
	}
}

// shape is a plan of any form that there is.
func (w world) shape(dice *rand.Rand, a asked) []map[string]any {
	most := 4
	if w.large {
		most = 12
	}
	var nodes []map[string]any
	for i := range 1 + dice.IntN(most) {
		key := fmt.Sprint(i + 1)
		kind := []string{"task", "task", "api_call", "subplan"}[dice.IntN(4)]
		n := step(a, key, nil, kind)
		n["optional"] = dice.IntN(5) == 0
		if i > 0 && dice.IntN(3) == 0 {
			n["depends_on"] = []string{fmt.Sprint(1 + dice.IntN(i))}
		}
		nodes = append(nodes, n)
		if kind != "subplan" {
			continue
		}
		n["on_failure"] = []string{"finish", "fail_fast", "quorum:1"}[dice.IntN(3)]
		if dice.IntN(3) == 0 {
			n["expand"], n["prompt"] = "later", "Find out more for "+a.mark+"."
			continue
		}
		for j := range 1 + dice.IntN(3) {
			nodes = append(nodes, step(a, fmt.Sprintf("%s.%d", key, j+1), key, "task"))
		}
	}
	return nodes
}

func usage(in, out any) map[string]any {
	return map[string]any{"prompt_tokens": in, "completion_tokens": out, "total_tokens": 1}
}

// lies are usages that no honest server reports.
var lies = []any{
	silence, silence, usage(0, 0), usage(-100, -50), usage(100, -50), usage(-1, 1_000_000_000), usage("many", "few"),
	usage(nil, nil), usage(1.5, 2.5), usage(1e30, 1e30), usage(math.MaxInt64, math.MaxInt64), usage(int64(4e15), int64(2e15)),
	usage(1_000_000, 1_000_000), usage(5_000, 3_000),
	[]any{1, 2},
	"none of your business",
	map[string]any{"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": map[string]any{"cached_tokens": 1_000}},
	map[string]any{"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": map[string]any{"reasoning_tokens": 90_000}},
	map[string]any{"prompt_tokens": 10, "completion_tokens": 5, "cost": 1e300},
	map[string]any{"prompt_tokens": 10, "completion_tokens": 5, "cost": -7},
}

// seldom does b once in a while: it takes long, or closes a provider for minutes.
func seldom(b blow) blow {
	return func(w http.ResponseWriter, r *http.Request, a asked) {
		if a.nth%4 > 0 {
			good(w, r, a)
			return
		}
		b(w, r, a)
	}
}

// passing are the faults after which the next request may succeed.
var passing = []blow{
	tooLong, refused, filtered, garbage, cut, empty, broken, limited, later, stranger, illFed, looping, huge, breakOff, nowhere,
}

// lasting are those that take long or close a provider.
var lasting = []blow{seldom(hang), seldom(wrongKey), seldom(noQuota), seldom(tomorrow)}

// funds are what a job may cost: nothing, less than a plan, some, enough, anything.
var funds = []jobs.Money{0, 10_000_000, 30_000_000, 50_000_000, 80_000_000, 500_000_000, -1}
