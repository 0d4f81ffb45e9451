package rules_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/rules"
)

func TestRepositoryFollowsItsRules(t *testing.T) {
	root, err := rules.Root(".")
	require.NoError(t, err)
	repository, err := rules.Read(os.DirFS(root))
	require.NoError(t, err)
	require.NotEmpty(t, repository.Files)

	for _, rule := range rules.All() {
		t.Run(rule.Name, func(t *testing.T) {
			for _, finding := range rule.Check(repository) {
				t.Error(finding)
			}
		})
	}
}

func TestCoreLinksFewModules(t *testing.T) {
	root, err := rules.Root(".")
	require.NoError(t, err)
	modules, err := rules.LinkedModules(t.Context(), root)
	require.NoError(t, err)
	require.LessOrEqual(t, len(modules), 4, "linked: %v", modules)
}
