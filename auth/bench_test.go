package auth_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/auth"
)

// BenchmarkToken compares a fresh cache with x/oauth2's and with the least that
// can be done: read a pointer and the clock. The row registry asks by a name. The
// parallel rows run 256 goroutines. The number to beat is 107 ns alone.
func BenchmarkToken(b *testing.B) {
	expiry := time.Now().Add(time.Hour)
	cache := auth.NewCache(auth.StaticToken(auth.NewToken("abc", expiry)))
	reuse := oauth2.ReuseTokenSource(&oauth2.Token{AccessToken: "abc", Expiry: expiry}, nil)
	var floor atomic.Pointer[oauth2.Token]
	floor.Store(&oauth2.Token{AccessToken: "abc", Expiry: expiry})
	ctx := context.Background()
	registry := new(auth.Registry)
	require.NoError(b, registry.Add(ctx, "support", integration(`500`)))
	require.NoError(b, registry.Authorize(ctx, "support", auth.Grant{
		Token: auth.NewToken("abc", expiry), RefreshToken: auth.NewSecret("refresh"),
	}))
	named := registry.Use("support", "benchmark")

	for _, row := range []struct {
		name string
		call func() error
	}{
		{"floor", func() error {
			if !time.Now().Before(floor.Load().Expiry) {
				return context.DeadlineExceeded
			}
			return nil
		}},
		{"cache", func() error { _, err := cache.Token(ctx); return err }},
		{"registry", func() error { _, err := named.Token(ctx); return err }},
		{"x-oauth2", func() error { _, err := reuse.Token(); return err }},
	} {
		b.Run(row.name+"/alone", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := row.call(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(row.name+"/256", func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(128)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := row.call(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkAuthorize(b *testing.B) {
	hosts, err := auth.NewHosts("https://api.example.com")
	require.NoError(b, err)
	r, err := http.NewRequest(http.MethodGet, "https://api.example.com/api/v1/conversations", nil)
	require.NoError(b, err)
	token := auth.NewToken("abc", time.Now().Add(time.Hour))
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Header.Set("Authorization", "Bearer "+token.Reveal())
		}
	})
	b.Run("authorize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := hosts.Authorize(r, token); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestFreshTokenAllocatesNothing(t *testing.T) {
	cache := auth.NewCache(auth.StaticToken(auth.NewToken("abc", time.Now().Add(time.Hour))))
	get(t, cache)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if _, err := cache.Token(t.Context()); err != nil {
			t.Error(err)
		}
	}))
}
