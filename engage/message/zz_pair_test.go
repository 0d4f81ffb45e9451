package message_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage/message"
)

func TestPaired(t *testing.T) {
	if os.Getenv("PAIR") == "" {
		return
	}
	slice := func(f func()) time.Duration {
		start := time.Now()
		for range 100 {
			f()
		}
		return time.Since(start)
	}
	var se, sf time.Duration
	for _, typ := range message.Types() {
		m, data, floor := sampleOf(t, typ)
		best := func(a, b func()) (float64, float64, float64) {
			var ratios []float64
			var ta, tb time.Duration
			for i := range 400 {
				var x, y time.Duration
				if i%2 == 0 {
					x = slice(a); y = slice(b)
				} else {
					y = slice(b); x = slice(a)
				}
				ta += x; tb += y
				ratios = append(ratios, float64(x)/float64(y))
			}
			for i := range ratios { for j := i; j > 0 && ratios[j] < ratios[j-1]; j-- { ratios[j], ratios[j-1] = ratios[j-1], ratios[j] } }
			se += ta; sf += tb
			return ratios[len(ratios)/2], float64(ta) / 40000, float64(tb) / 40000
		}
		e, ea, ef := best(func() { json.Marshal(message.Wire(m)) }, func() { floor.encode() })
		d, da, df := best(func() { message.Decode(data) }, func() { floor.decode(data) })
		fmt.Printf("%-32s encode %.2f (%.0f/%.0f)  decode %.2f (%.0f/%.0f)\n", typ, e, ea, ef, d, da, df)
	}
}
