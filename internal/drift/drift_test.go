package drift_test

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/internal/drift"
	"github.com/stretchr/testify/require"
)

// logTo returns a logger that writes lines without the time.
func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		},
	}))
}

func TestEachUnknownThingIsLoggedOnce(t *testing.T) {
	var log strings.Builder
	l := drift.New(logTo(&log))
	for range 3 {
		l.Report(t.Context(), "unknown", "member", "value.mood", "operation", "SearchConversation")
		l.Report(t.Context(), "unknown", "event", "value.mood", "channel", "rcs")
	}
	require.Equal(t, `level=WARN msg=unknown kind=member name=value.mood operation=SearchConversation
level=WARN msg=unknown kind=event name=value.mood channel=rcs
`, log.String())
}

func TestANameThatMayBeAValueIsCut(t *testing.T) {
	for name, want := range map[string]string{
		"chat.assigned": "chat.assigned", "user_name-2": "user_name-2", "": `""`, " clientUUID ": "clientUUID",
		"+15550100": "[cut]", "15550100": "[cut]", "ann@example.com": "[cut]", "Ann Lee": "[cut]", "a\nlevel=ERROR": "[cut]",
		strings.Repeat("x", 65): "[cut]", "é": "[cut]",
	} {
		var log strings.Builder
		drift.New(logTo(&log)).Report(t.Context(), "unknown", "member", name, "operation", name)
		require.Equal(t, "level=WARN msg=unknown kind=member name="+want+" operation="+want+"\n", log.String())
	}
}

func TestTheMemoryOfALogIsBounded(t *testing.T) {
	var log strings.Builder
	l := drift.New(logTo(&log))
	for range 2 {
		for i := range 1000 {
			name := fmt.Sprintf("%c%c", 'a'+i%26, 'a'+i/26)
			l.Report(t.Context(), "unknown", "member", name, "operation", "")
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 257)
	require.Equal(t, `level=WARN msg="unknown; the log leaves out what follows" known=256`, lines[256])
}
