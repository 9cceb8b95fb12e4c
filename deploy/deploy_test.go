// Package deploy_test holds what is shipped beside the program to the program:
// that the chart lints and renders, that every flag, variable and metric it names
// exists, and that real servers take their settings.
package deploy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.yaml.in/yaml/v3"

	"onoma/cache"
	"onoma/internal/server"
	"onoma/internal/telemetry"
	"onoma/resolver"
	"onoma/resolver/index"
)

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Dir = dir
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String()
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, ".", "go", append([]string{"tool", "-modfile=../tools/helm/go.mod", "helm"}, args...)...)
}

// render renders the chart with the values and returns its objects by kind and
// name.
func render(t *testing.T, values string) map[string]map[string]any {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	objects := make(map[string]map[string]any)
	decoder := yaml.NewDecoder(strings.NewReader(helm(t, "template", "r", "chart", "--kube-version", "1.31.0", "--values", file)))
	for {
		var object map[string]any
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		if object != nil {
			objects[object["kind"].(string)+" "+at(object, "metadata", "name").(string)] = object
		}
	}
}

// at walks into an object by keys and positions.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			s, _ := v.([]any)
			if step >= len(s) {
				return nil
			}
			v = s[step]
		}
	}
	return v
}

// everything turns on all that the chart has.
const everything = `
postgres: {secret: pg}
redis: {hosts: ["a:6379", "b:6379"], master: m, cluster: true, username: u, tls: true, secret: r, signingKey: sign}
tls: {secret: tls, clientCA: true}
callers: {secret: who}
tracing: {endpoint: "http://collector:4317", share: 0.01}
serviceMonitor: {enabled: true}
alerts: {enabled: true}
dashboard: {enabled: true}
loads:
  - {name: once, args: [--source=x, /load/x.csv], volume: {emptyDir: {}}}
  - {name: nightly, schedule: "0 4 * * *", args: [--source=y, /load/y.csv], volume: {emptyDir: {}}}
args: [--rate=500]
`

func TestChart(t *testing.T) {
	helm(t, "lint", "--strict", "chart")
	known := flagsOf(t, "serve")
	for what, values := range map[string]string{"defaults": "{}", "everything": everything} {
		objects := render(t, values)
		for _, want := range []string{"Deployment r-onoma", "Service r-onoma", "Service r-onoma-replicas", "ServiceAccount r-onoma",
			"PodDisruptionBudget r-onoma", "HorizontalPodAutoscaler r-onoma", "NetworkPolicy r-onoma"} {
			if objects[want] == nil {
				t.Errorf("%s: no %s", what, want)
			}
		}
		pod := at(objects["Deployment r-onoma"], "spec", "template", "spec")
		container := at(pod, "containers", 0)
		for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
			if path, _ := at(container, probe, "httpGet", "path").(string); path != "/readyz" && path != "/healthz" {
				t.Errorf("%s: %s asks %q", what, probe, path)
			}
		}
		if at(container, "securityContext", "readOnlyRootFilesystem") != true || at(pod, "securityContext", "runAsNonRoot") != true {
			t.Errorf("%s: the container may write or be root", what)
		}
		if at(pod, "topologySpreadConstraints", 1, "labelSelector", "matchLabels", "app.kubernetes.io/instance") != "r" {
			t.Errorf("%s: replicas are not spread", what)
		}
		if at(objects["Service r-onoma-replicas"], "spec", "clusterIP") != "None" {
			t.Errorf("%s: the service of replicas has one address", what)
		}
		args, _ := at(container, "args").([]any)
		for _, a := range args[1:] {
			flag, _, _ := strings.Cut(strings.TrimPrefix(a.(string), "--"), "=")
			if !known[flag] {
				t.Errorf("%s: onoma serve has no --%s", what, flag)
			}
		}
		if open := slices.Contains(args, any("--insecure")); open != (what == "defaults") {
			t.Errorf("%s: --insecure %t", what, open)
		}
		mounts, _ := at(container, "volumeMounts").([]any)
		volumes, _ := at(pod, "volumes").([]any)
		if len(mounts) != len(volumes) {
			t.Errorf("%s: %d mounts of %d volumes", what, len(mounts), len(volumes))
		}
	}
	objects := render(t, everything)
	load := flagsOf(t, "load")
	for name, path := range map[string][]any{
		"Job r-onoma-load-once": {"spec"}, "CronJob r-onoma-load-nightly": {"spec", "jobTemplate", "spec"},
	} {
		container := at(at(objects[name], path...), "template", "spec", "containers", 0)
		args, _ := at(container, "args").([]any)
		if len(args) < 4 || args[0] != "load" || at(container, "env", 0, "valueFrom", "secretKeyRef", "name") != "pg" {
			t.Errorf("%s: %v", name, container)
			continue
		}
		for _, a := range args[1:] {
			if flag, ok := strings.CutPrefix(a.(string), "--"); ok && !load[strings.Split(flag, "=")[0]] {
				t.Errorf("onoma load has no --%s", flag)
			}
		}
	}
	if rules, _ := at(objects["PrometheusRule r-onoma"], "spec", "groups", 0, "rules").([]any); len(rules) == 0 {
		t.Error("no alert is rendered")
	}
	// A load without an authority is refused when it is rendered, not at night.
	c := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../tools/helm/go.mod", "helm", "template", "r", "chart", "--kube-version", "1.31.0",
		"--set", "loads[0].name=x", "--set", "loads[0].args={a}", "--set", "loads[0].volume.emptyDir.medium=Memory")
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "postgres.secret") {
		t.Errorf("a load without an authority: %v, %.200s", err, out)
	}
}

var program string // built once

// flagsOf returns the flags of a command of the program.
func flagsOf(t *testing.T, command string) map[string]bool {
	t.Helper()
	if program == "" {
		dir, err := os.MkdirTemp("", "onoma")
		if err != nil {
			t.Fatal(err)
		}
		program = filepath.Join(dir, "onoma")
		run(t, "..", "go", "build", "-o", program, "./cmd/onoma")
	}
	flags := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)`).FindAllStringSubmatch(run(t, ".", program, command, "--help"), -1) {
		flags[m[1]] = true
	}
	if len(flags) == 0 {
		t.Fatalf("onoma %s has no flags", command)
	}
	return flags
}

func TestMain(m *testing.M) {
	code := m.Run()
	if program != "" {
		_ = os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code) //nolint:forbidigo // a test's main
}

// Every variable that the files set is a flag of the program.
func TestVariablesAreFlags(t *testing.T) {
	known := flagsOf(t, "serve")
	for _, file := range []string{"Dockerfile", "compose.yaml", "systemd/onoma.service", "chart/templates/_names.tpl"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`ONOMA_([A-Z_]+)`).FindAllSubmatch(text, -1)
		if len(found) == 0 {
			t.Errorf("%s sets no variable", file)
		}
		for _, m := range found {
			if flag := strings.ToLower(strings.ReplaceAll(string(m[1]), "_", "-")); !known[flag] {
				t.Errorf("%s: %s, but onoma serve has no --%s", file, m[0], flag)
			}
		}
	}
}

// metricLabels are the labels of every metric that the program has, by name.
func metricLabels(t *testing.T) map[string][]string {
	t.Helper()
	var b index.Builder
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	r := resolver.New(resolver.NewTable(x, 1, time.Time{}, nil))
	c, err := cache.New(cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	m := telemetry.New("test")
	m.Watch(r)
	m.WatchCache(c)
	m.WatchFollower(follower{})
	m.Registry().MustRegister(new(server.Certificates).Collectors()[1:]...)
	if _, err := server.New(server.Options{Resolver: r, Metrics: m}); err != nil {
		t.Fatal(err)
	}
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{"up": {"job"}, "onoma_tls_not_after_timestamp_seconds": nil}
	for _, f := range families {
		var names []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			names = append(names, l.GetName())
		}
		labels[f.GetName()] = names
		if f.GetType().String() == "HISTOGRAM" {
			labels[f.GetName()+"_bucket"] = append(slices.Clone(names), "le")
			labels[f.GetName()+"_count"], labels[f.GetName()+"_sum"] = names, names
		}
	}
	return labels
}

type follower struct{}

func (follower) Newest() int64     { return 1 }
func (follower) Behind() time.Time { return time.Time{} }

// checkExpression holds an expression of PromQL to the metrics that exist: their
// names, the labels they are selected by, and balanced brackets.
func checkExpression(t *testing.T, where, expression string, labels map[string][]string) {
	t.Helper()
	found := regexp.MustCompile(`\b((?:onoma|process|go)_[a-z_]+|up)\b(?:\{([^}]*)\})?`).FindAllStringSubmatch(expression, -1)
	if len(found) == 0 {
		t.Errorf("%s: %q names no metric", where, expression)
	}
	for _, m := range found {
		have, ok := labels[m[1]]
		if !ok {
			t.Errorf("%s: there is no metric %s", where, m[1])
		}
		for _, l := range regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`).FindAllStringSubmatch(m[2], -1) {
			if l[1] != "instance" && !slices.Contains(have, l[1]) {
				t.Errorf("%s: %s has no label %s", where, m[1], l[1])
			}
		}
	}
	for _, pair := range []string{"()", "{}", "[]"} {
		if strings.Count(expression, pair[:1]) != strings.Count(expression, pair[1:]) {
			t.Errorf("%s: %q does not balance %s", where, expression, pair)
		}
	}
}

func TestAlertsAndDashboardNameWhatExists(t *testing.T) {
	labels := metricLabels(t)
	var alerts struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	text, err := os.ReadFile("chart/monitoring/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(false)
	if err := decoder.Decode(&alerts); err != nil {
		t.Fatal(err)
	}
	handbook, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			n++
			checkExpression(t, r.Alert, r.Expr, labels)
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("%s has no severity or summary", r.Alert)
			}
			if !bytes.Contains(handbook, []byte("\n### "+r.Alert+"\n")) {
				t.Errorf("docs/operations.md has no runbook %s", r.Alert)
			}
			if r.For != "" {
				if _, err := time.ParseDuration(r.For); err != nil {
					t.Errorf("%s: %v", r.Alert, err)
				}
			}
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if text, err = os.ReadFile("chart/monitoring/dashboard.json"); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			n++
			checkExpression(t, p.Title, target.Expr, labels)
		}
	}
	if n < 30 {
		t.Errorf("only %d expressions", n)
	}
}

// readCompose reads compose.yaml.
func readCompose(t *testing.T) (text []byte, compose map[string]any) {
	t.Helper()
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	return text, compose
}

// Whatever the program counts of its own, an operator finds: on the dashboard, in
// an alert, or in the handbook.
func TestEveryMetricIsShownOrTold(t *testing.T) {
	var told []byte
	for _, file := range []string{"chart/monitoring/dashboard.json", "chart/monitoring/alerts.yaml", "../docs/operations.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, text...)
	}
	n := 0
	for name := range metricLabels(t) {
		if !strings.HasPrefix(name, "onoma_") || regexp.MustCompile(`_(bucket|count|sum)$`).MatchString(name) {
			continue
		}
		n++
		if !regexp.MustCompile(name + `(_bucket|_count|_sum)?\b`).Match(told) {
			t.Errorf("%s is neither on the dashboard, nor in an alert, nor in docs/operations.md", name)
		}
	}
	if n < 30 {
		t.Errorf("only %d metrics", n)
	}
}

// Redis takes its settings, started as compose.yaml starts it, and the user that is
// made for Onoma can do what Onoma does, and no more.
func TestRedisSettings(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(address)
	const password = "drawn for this test"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := filepath.Abs("redis")
	if err != nil {
		t.Fatal(err)
	}
	_, compose := readCompose(t)
	command, _ := at(compose, "services", "redis", "command").([]any)
	if len(command) != 3 || command[0] != "sh" || command[1] != "-c" {
		t.Fatalf("redis is started by %q", command)
	}
	script := strings.NewReplacer("$$", "$", "/run/secrets/redis-password", dir+"/password", "/etc/redis", settings, "/tmp", dir).
		Replace(command[2].(string))
	process := exec.CommandContext(t.Context(), "sh", "-c", script+" --bind 127.0.0.1 --port "+port)
	var log bytes.Buffer
	process.Stdout, process.Stderr = &log, &log
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	defer stop()
	cache.Quieten()
	client := redis.NewClient(&redis.Options{Addr: address, Username: "onoma", Password: password})
	defer func() { _ = client.Close() }()
	deadline := time.Now().Add(5 * time.Second)
	for client.Ping(t.Context()).Err() != nil {
		if time.Now().After(deadline) {
			stop()
			t.Fatalf("redis, which 'make prepare' installs, does not answer:\n%s", &log)
		}
		<-time.After(20 * time.Millisecond)
	}
	for _, denied := range [][]any{{"FLUSHALL"}, {"KEYS", "*"}, {"CONFIG", "GET", "*"}, {"GETRANGE", "other:1", "0", "1"}, {"SET", "other:1", "x"}} {
		if err := client.Do(t.Context(), denied...).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("%v: %v", denied, err)
		}
	}
	c, err := cache.New(cache.Options{Budget: time.Second, Bytes: 1, Redis: cache.Dial(cache.Address{Hosts: []string{address}, Username: "onoma", Password: password})})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for c.Stats().FarHits == 0 {
		for i := range byte(10) {
			if _, err := c.Do(t.Context(), cache.Key{i}, time.Second, func() ([]byte, bool, error) { return []byte("x"), false, nil }); err != nil {
				t.Fatal(err)
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the cache does not work for the user: %+v", c.Stats())
		}
	}
}

// PostgreSQL understands each of its settings.
func TestPostgresSettings(t *testing.T) {
	postgres, err := exec.LookPath("postgres")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
		if len(found) == 0 {
			t.Fatal("no postgres, which 'make prepare' installs")
		}
		postgres = found[len(found)-1]
	}
	conf, err := filepath.Abs("postgres/postgresql.conf")
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, ".", postgres, "-C", "max_wal_size", "-D", t.TempDir(), "-c", "config_file="+conf); strings.TrimSpace(got) != "4GB" && strings.TrimSpace(got) != "4096" {
		t.Errorf("max_wal_size is %q", got)
	}
}

func TestComposeHoldsTogether(t *testing.T) {
	text, compose := readCompose(t)
	services, _ := compose["services"].(map[string]any)
	volumes, _ := compose["volumes"].(map[string]any)
	for name, service := range services {
		if at(service, "image") == nil {
			t.Errorf("%s has no image", name)
		}
		mounts, _ := at(service, "volumes").([]any)
		for _, m := range mounts {
			source, _, _ := strings.Cut(m.(string), ":")
			if _, named := volumes[source]; strings.HasPrefix(source, ".") {
				if _, err := os.Stat(source); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			} else if !named {
				t.Errorf("%s mounts %s, which is no volume", name, source)
			}
		}
		ports, _ := at(service, "ports").([]any)
		for _, p := range ports {
			if !strings.HasPrefix(p.(string), "127.0.0.1:") {
				t.Errorf("%s publishes %s beyond this machine", name, p)
			}
		}
		needs, _ := at(service, "depends_on").(map[string]any)
		for need := range needs {
			if services[need] == nil {
				t.Errorf("%s needs %s, which there is not", name, need)
			}
		}
	}
	// Passwords are drawn, and never shipped: compose stops without them.
	drawn := secrets(t, filepath.Join(t.TempDir(), "env"))
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)([^}]*)\}`).FindAllSubmatch(text, -1) {
		if drawn[string(m[1])] == "" {
			t.Errorf("deploy/secrets draws no %s", m[1])
		}
		if !bytes.HasPrefix(m[2], []byte(":?")) {
			t.Errorf("${%s%s} does not stop where there is none", m[1], m[2])
		}
	}
	if of := at(compose, "secrets", "redis-password", "environment").(string); drawn[of] == "" || !bytes.Contains(text, []byte("${"+of+":?")) {
		t.Errorf("the secret of %s is not asked for", of)
	}
	if tracked := run(t, "..", "git", "ls-files", "deploy/.env"); tracked != "" {
		t.Errorf("%s is in the repository", tracked)
	}
}

// secrets runs the script that draws passwords and reads what it wrote.
func secrets(t *testing.T, file string) map[string]string {
	t.Helper()
	run(t, ".", "./secrets", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	drawn := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^([A-Z_]+)=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		drawn[m[1]] = m[2]
	}
	return drawn
}

func TestSecretsAreDrawnOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("REDIS_PASSWORD=mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, again, other := secrets(t, file), secrets(t, file), secrets(t, file+"2")
	if first["REDIS_PASSWORD"] != "mine" || len(first["POSTGRES_PASSWORD"]) < 32 {
		t.Errorf("drew %v beside mine", first)
	}
	if again["POSTGRES_PASSWORD"] != first["POSTGRES_PASSWORD"] {
		t.Error("a password that is in use was drawn anew")
	}
	if other["POSTGRES_PASSWORD"] == first["POSTGRES_PASSWORD"] || other["POSTGRES_PASSWORD"] == other["REDIS_PASSWORD"] {
		t.Errorf("a password was drawn twice: %v", other)
	}
	if info, err := os.Stat(file + "2"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read them: %v, %v", info.Mode(), err)
	}
}

// The image that is made without an engine is configured as the one with.
func TestImagesAgree(t *testing.T) {
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	builder, err := os.ReadFile("../tools/image/main.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`ONOMA_[A-Z_]+=[^ \n]+`).FindAll(dockerfile, -1)
	for _, port := range regexp.MustCompile(`\d{4}`).FindAll(regexp.MustCompile(`(?m)^EXPOSE.*$`).Find(dockerfile), -1) {
		found = append(found, append(port, "/tcp"...))
	}
	if len(found) < 5 {
		t.Fatalf("the Dockerfile sets %q", found)
	}
	for _, setting := range found {
		if !bytes.Contains(builder, append(append([]byte(`"`), setting...), '"')) {
			t.Errorf("tools/image does not set %s", setting)
		}
	}
	if !bytes.Contains(dockerfile, []byte("USER 65532:65532\n")) || !bytes.Contains(builder, []byte("const nobody = 65532\n")) {
		t.Error("the images run as different users")
	}
}
