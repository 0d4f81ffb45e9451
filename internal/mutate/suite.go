package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runtime is the code that turns a mutant on. Each mutated package gets it.
const runtime = `package %s

import (
	"cmp"
	"os"
	"strconv"
	"sync"
)

var mutantOn, _ = strconv.Atoi(os.Getenv("MUTANT"))

var mutantSeen, _ = os.OpenFile(os.Getenv("MUTANTS_SEEN"), os.O_APPEND|os.O_WRONLY, 0)

var mutantsSeen sync.Map

func mutantIs(id int) bool {
	if mutantSeen != nil {
		if _, seen := mutantsSeen.LoadOrStore(id, true); !seen {
			mutantSeen.WriteString(strconv.Itoa(id) + "\n")
		}
	}
	return id == mutantOn
}

func mutantNegate[T ~bool](id int, value T) T { return value != T(mutantIs(id)) }

func mutantZero[T any](id int, value T) T {
	if mutantIs(id) {
		var zero T
		return zero
	}
	return value
}

func mutantCompare[T cmp.Ordered](id int, operator string, a, b T) bool {
	if mutantIs(id) && a == b {
		return operator == "<" || operator == ">"
	}
	switch operator {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}
`

// listFiles returns the Go files of packages and the files among targets, as paths below
// the current folder.
func listFiles(ctx context.Context, targets []string) ([]string, error) {
	var files, packages []string
	for _, target := range targets {
		if strings.HasSuffix(target, ".go") {
			files = append(files, filepath.Clean(target))
		} else {
			packages = append(packages, target)
		}
	}
	if len(packages) == 0 {
		return files, nil
	}
	const format = `{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}`
	printed, err := goCommand(ctx, append([]string{"list", "-f", format}, packages...)...)
	if err != nil {
		return nil, err
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for file := range strings.FieldsSeq(string(printed)) {
		relative, err := filepath.Rel(here, file)
		if err != nil {
			return nil, err
		}
		files = append(files, relative)
	}
	return files, nil
}

// goCommand runs the go command and returns what it prints.
func goCommand(ctx context.Context, arguments ...string) ([]byte, error) {
	var problems bytes.Buffer
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Stderr = &problems
	printed, err := command.Output()
	if err != nil {
		return printed, fmt.Errorf("go %s: %w\n%s", arguments[0], err, problems.Bytes())
	}
	return printed, nil
}

// suite is the compiled tests of one package.
type suite struct {
	// binary is the file with the tests, and dir the folder in which they run.
	binary, dir string
	// reaching are the tests that reach each mutant, and took how long each test takes.
	reaching map[int][]string
	took     map[string]time.Duration
}

// build compiles the tests of packages with all mutants. Those that do not compile are
// dropped.
func build(ctx context.Context, dir string, set *mutants, packages []string) ([]*suite, error) {
	overlay, err := writeOverlay(dir, set)
	if err != nil {
		return nil, err
	}
	var suites []*suite
	for i, name := range packages {
		printed, err := goCommand(ctx, "list", "-f", "{{.Dir}}", name)
		if err != nil {
			return nil, err
		}
		s := &suite{binary: filepath.Join(dir, strconv.Itoa(i)+".test"), dir: strings.TrimSpace(string(printed)), reaching: map[int][]string{}, took: map[string]time.Duration{}}
		for {
			_, err := goCommand(ctx, "test", "-c", "-vet=off", "-gcflags=-e", "-overlay", overlay, "-o", s.binary, name)
			if err == nil {
				break
			}
			if !set.dropBroken(err.Error()) {
				return nil, err
			}
			if _, err := writeOverlay(dir, set); err != nil {
				return nil, err
			}
		}
		if _, err := os.Stat(s.binary); err == nil {
			suites = append(suites, s)
		}
	}
	return suites, nil
}

// writeOverlay writes the mutated files and the overlay that names them.
func writeOverlay(dir string, set *mutants) (string, error) {
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for file, name := range set.names {
		absolute, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		replacements := map[string][]byte{
			absolute: set.source(file),
			filepath.Join(filepath.Dir(absolute), "mutants_on.go"): fmt.Appendf(nil, runtime, name),
		}
		for original, source := range replacements {
			copied := filepath.Join(dir, strings.ReplaceAll(original, string(filepath.Separator), "_"))
			if err := os.WriteFile(copied, source, 0o600); err != nil {
				return "", err
			}
			set.copies[filepath.Base(copied)] = file
			overlay.Replace[original] = copied
		}
	}
	encoded, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, encoded, 0o600)
}

// compileError matches the place of an error of the compiler.
var compileError = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):`)

// dropBroken drops the mutants on the lines of compile errors, and reports whether there
// were any. It first drops those that set zero values, because their types may not fit.
func (s *mutants) dropBroken(problems string) bool {
	dropped := false
	for _, place := range compileError.FindAllStringSubmatch(problems, -1) {
		for _, onlyZero := range []bool{true, false} {
			here := 0
			for _, m := range s.mutants {
				isHere := s.copies[filepath.Base(place[1])] == m.file && place[2] == strconv.Itoa(m.line) && !m.dropped
				if isHere && (!onlyZero || strings.HasPrefix(m.change, "zero")) {
					m.dropped = true
					here++
				}
			}
			if here > 0 {
				dropped = true
				break
			}
		}
	}
	return dropped
}

// measure runs each test without a mutant, and records which mutants it reaches.
func (s *suite) measure(ctx context.Context, skip string) error {
	list, err := s.command(ctx, "-test.list", ".").Output()
	if err != nil {
		return err
	}
	skipped, err := regexp.Compile(skip)
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(string(list)) {
		if strings.HasPrefix(name, "Benchmark") || skip != "" && skipped.MatchString(name) {
			continue
		}
		if err := s.measureOne(ctx, name); err != nil {
			return err
		}
	}
	for _, tests := range s.reaching {
		slices.SortFunc(tests, func(a, b string) int { return cmp.Compare(s.took[a], s.took[b]) })
	}
	return nil
}

// measureOne is measure for one test.
func (s *suite) measureOne(ctx context.Context, name string) error {
	seen := s.binary + ".seen"
	if err := os.WriteFile(seen, nil, 0o600); err != nil {
		return err
	}
	command := s.command(ctx, "-test.run", "^"+name+"$")
	command.Env = append(os.Environ(), "MUTANTS_SEEN="+seen)
	start := time.Now()
	if printed, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s fails without a mutant: %w\n%s", name, err, printed)
	}
	s.took[name] = time.Since(start)
	ids, err := os.ReadFile(seen)
	if err != nil {
		return err
	}
	for field := range strings.FieldsSeq(string(ids)) {
		id, err := strconv.Atoi(field)
		if err != nil {
			return err
		}
		s.reaching[id] = append(s.reaching[id], name)
	}
	return nil
}

// notices reports whether a test that reaches a mutant fails with it, or takes longer
// than timeout. It returns an error if the tests cannot be run.
func (s *suite) notices(ctx context.Context, m *mutant, timeout time.Duration) (bool, error) {
	for tests := range slices.Chunk(s.reaching[m.id], 40) {
		command := s.command(ctx, "-test.failfast", "-test.timeout", timeout.String(), "-test.run", "^("+strings.Join(tests, "|")+")$")
		command.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(m.id))
		err := command.Run()
		if _, failed := errors.AsType[*exec.ExitError](err); failed {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// command returns a command that runs the tests in the folder of their package.
func (s *suite) command(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, s.binary, arguments...)
	command.Dir = s.dir
	return command
}
