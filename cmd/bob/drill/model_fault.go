package drill

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/askbob/bob/llm"
)

// Fault is one kind of harm that a drill does.
type Fault string

// The faults of the model.
const (
	FaultRateAfter   Fault = "model 429 with Retry-After"
	FaultRate        Fault = "model 429 without"
	FaultError       Fault = "model 500"
	FaultHang        Fault = "model hangs"
	FaultSlow        Fault = "model is slow"
	FaultClose       Fault = "model closes in the middle"
	FaultCut         Fault = "model cut off"
	FaultGarbage     Fault = "model garbage"
	FaultEmpty       Fault = "model empty"
	FaultUnknownTool Fault = "model calls unknown tools"
	FaultLoop        Fault = "model calls in a loop"
	FaultBig         Fault = "model answers 1 MB"
	FaultRefuse      Fault = "model refuses"
)

// The faults of the world around the engine.
const (
	FaultKill      Fault = "kill -9"
	FaultKillBoot  Fault = "kill -9 during boot"
	FaultDuplicate Fault = "duplicate submission"
	FaultLate      Fault = "late submission"
	FaultEarly     Fault = "command before its job"
	FaultControl   Fault = "command"
	FaultRepeat    Fault = "repeated command"
	FaultRace      Fault = "racing commands"
	FaultFull      Fault = "disk full"
	FaultClock     Fault = "clock jump"
)

// Faults lists all kinds, in the order in which they are reported.
func Faults() []Fault {
	return append([]Fault{
		FaultKill, FaultKillBoot, FaultDuplicate, FaultLate, FaultEarly, FaultControl, FaultRepeat, FaultRace, FaultFull, FaultClock,
	}, modelFaults()...)
}

func modelFaults() []Fault {
	return []Fault{
		FaultRateAfter, FaultRate, FaultError, FaultHang, FaultSlow, FaultClose, FaultCut, FaultGarbage, FaultEmpty,
		FaultUnknownTool, FaultLoop, FaultBig, FaultRefuse,
	}
}

// faultPercent is how many of the model's answers are none while there are faults.
const faultPercent = 30

func drawFault(q *question) Fault {
	if q.rng.IntN(100) >= faultPercent {
		return ""
	}
	all := modelFaults()
	f := all[q.rng.IntN(len(all))]
	switch {
	case f == FaultBig && q.rng.IntN(3) > 0, f == FaultHang && q.rng.IntN(2) > 0:
		return FaultSlow // the dear ones are rarer
	case f == FaultLoop && len(q.tools) == 0:
		return FaultUnknownTool
	case f == FaultRefuse && q.purpose == llm.PurposePlan:
		return FaultGarbage // a job that ends before it begins drills nothing
	}
	return f
}

// Times of a model that takes its time: the engine's patience lies between them.
const (
	slowest = 500 * time.Millisecond
	hung    = 2 * firstByte
)

func (s *server) misbehave(w http.ResponseWriter, r *http.Request, c *served, q *question, f Fault) error {
	a := good(q)
	switch f {
	case FaultRateAfter:
		w.Header().Set("Retry-After-Ms", "30")
		if q.rng.IntN(8) == 0 {
			w.Header().Del("Retry-After-Ms")
			w.Header().Set("Retry-After", "1")
		}
		return fail(w, http.StatusTooManyRequests, `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`)
	case FaultRate:
		return fail(w, http.StatusTooManyRequests, `{"error":{"message":"slow down"}}`)
	case FaultError:
		return fail(w, http.StatusInternalServerError, `{"error":{"message":"oops"}}`)
	case FaultHang:
		if err := wait(r.Context(), hung); err != nil {
			return err
		}
		return errors.New("nobody waits for this")
	case FaultSlow:
		if err := wait(r.Context(), time.Duration(q.rng.Int64N(int64(slowest)))); err != nil {
			return err
		}
	case FaultClose:
		return cut(w)
	case FaultGarbage:
		return fail(w, http.StatusOK, garbage(q))
	default:
		a = odd(q, a, f)
	}
	return s.write(w, r, c, q, a)
}

// odd turns a good answer into one that is whole and of no use, or of little.
func odd(q *question, a answer, f Fault) answer {
	switch f {
	case FaultCut:
		a.text, a.finish = a.text[:len(a.text)/2], "length"
	case FaultEmpty:
		a = answer{finish: "stop"}
	case FaultUnknownTool:
		a = answer{tool: "no_such_tool", args: `{"why":"because"}`, finish: "tool_calls"}
	case FaultLoop:
		a = answer{tool: q.tools[0], args: "{}", finish: "tool_calls"}
	case FaultBig:
		a.text, a.out = strings.Repeat("All work and no play. ", (1<<20)/22), q.room
	case FaultRefuse:
		a = answer{text: "I would rather not.", finish: "content_filter"}
	default:
	}
	return a
}

func fail(w http.ResponseWriter, status int, body string) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err := io.WriteString(w, body)
	return err
}

// cut begins an answer; the error closes the connection before its end.
func cut(w http.ResponseWriter) error {
	w.Header().Set("Content-Length", "1000")
	_, err := io.WriteString(w, `{"id":"x","choices":[{"index":0,"fin`)
	return errors.Join(err, http.NewResponseController(w).Flush(), errors.New("closed in the middle"))
}

func garbage(q *question) string {
	list := []string{"<html><body>504 Gateway Time-out</body></html>", "\x00\xff\xfe{]", `{"choices":[]}`, `[1,2`, `"fine"`, `{"error":"no"}`}
	return list[q.rng.IntN(len(list))]
}
