package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/askbob/bob/llm"
)

// maxConfigBytes is far beyond any real configuration.
const maxConfigBytes = 1 << 20

// loader fills a Config from a file and from the environment, and collects what
// is wrong with them. Settings are known by their path, such as jobs.workers or
// llm.providers[].name: the yaml tags of Config, joined.
type loader struct {
	file   string
	env    func(string) (string, bool)
	faults []error
}

// fault notes a mistake at a line of the file.
func (l *loader) fault(n *yaml.Node, text string) {
	text = strings.TrimPrefix(text, ": ") // the whole file has no path
	l.faults = append(l.faults, fmt.Errorf("%s:%d: %s", l.file, n.Line, text))
}

// readFile reads the file at path into root; of an empty path see loadConfig.
func (l *loader) readFile(path string, root reflect.Value) {
	l.file = path
	if path == "" {
		l.file = defaultFile
	}
	data, err := readBounded(l.file)
	switch {
	case path == "" && errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		l.faults = append(l.faults, fmt.Errorf("read the configuration: %w", err))
		return
	}
	// Decoded as a tree, not into the struct: errors name the setting and its
	// line, and a variable's value is never read as YAML.
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err = dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
	case err != nil:
		l.faults = append(l.faults, fmt.Errorf("%s: %w", l.file, err))
	case !errors.Is(dec.Decode(&more), io.EOF):
		l.faults = append(l.faults, fmt.Errorf("%s: there must be one YAML document, not several", l.file))
	default:
		l.set("", root, doc.Content[0])
	}
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // whoever starts Bob names the file
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err == nil && len(data) > maxConfigBytes {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxConfigBytes)
	}
	return data, errors.Join(err, f.Close())
}

// set fills v, the setting called path, from n.
func (l *loader) set(path string, v reflect.Value, n *yaml.Node) {
	scalar := n.Kind == yaml.ScalarNode
	switch {
	case n.Kind == yaml.AliasNode:
		l.fault(n, path+": YAML aliases are not supported; write the value out")
	case scalar && n.ShortTag() == "!!null": // a key with nothing behind it keeps its default
	case v.Type() == reflect.TypeFor[*PriceConfig]():
		price, before := &PriceConfig{Input: unset, Output: unset, CacheRead: unset, CacheWrite: unset}, len(l.faults)
		l.set(path, reflect.ValueOf(price).Elem(), n)
		if len(l.faults) == before {
			v.Set(reflect.ValueOf(price))
		}
	case v.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		l.setFields(path, v, n)
	case v.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, item := range n.Content {
			l.set(path+"[]", v.Index(i), item)
		}
	case scalar && v.Kind() != reflect.Slice:
		text, err := l.expand(n.Value)
		if err == nil {
			err = setText(v, text)
		}
		if err != nil {
			l.fault(n, fmt.Sprintf("%s: %v", path, err))
		}
	default:
		l.fault(n, path+": "+shape(v))
	}
}

func shape(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Struct:
		return "there must be settings below it, as key: value"
	case reflect.Slice:
		return "it must be a list"
	default:
		return "it must be a single value"
	}
}

// setFields fills the struct v from the mapping n.
func (l *loader) setFields(path string, v reflect.Value, n *yaml.Node) {
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		full := join(path, key.Value)
		field, known := fieldOf(v, key.Value)
		switch {
		case !known:
			l.fault(key, fmt.Sprintf("%s is not a setting; did you mean %s?", full, nearest(full, paths("", reflect.TypeFor[Config]()))))
		case seen[key.Value]:
			l.fault(key, full+" is set twice")
		default:
			l.set(full, field, n.Content[i+1])
		}
		seen[key.Value] = true
	}
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for field, value := range v.Fields() {
		if field.Tag.Get("yaml") == key {
			return value, true
		}
	}
	return reflect.Value{}, false
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

var reference = regexp.MustCompile(`\$\{([^}]*)\}?`)

// expand replaces every ${NAME} by that variable's value.
func (l *loader) expand(text string) (string, error) {
	var missing []string
	out := reference.ReplaceAllStringFunc(text, func(ref string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(ref, "${"), "}")
		value, ok := l.env(name)
		if !ok || !strings.HasSuffix(ref, "}") {
			missing = append(missing, name)
		}
		return value
	})
	if missing != nil {
		return "", fmt.Errorf("the environment has no %s", strings.Join(missing, ", "))
	}
	return out, nil
}

// setText fills a setting from text. Its errors do not repeat the text: it may
// be a secret.
func setText(v reflect.Value, text string) error {
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = text
	case *Secret:
		*p = Secret(text)
	case *[]string:
		*p = regexp.MustCompile(`\s*,\s*`).Split(strings.TrimSpace(text), -1)
	case *bool:
		return parse(p, text, truth, "true or false")
	case **bool:
		*p = new(bool)
		return parse(*p, text, truth, "true or false")
	case *int:
		return parse(p, text, strconv.Atoi, "a whole number")
	case *time.Duration:
		return parse(p, text, time.ParseDuration, "a duration such as 90s, 10m or 2h")
	case *Age:
		return parse(p, text, parseAge, "a number of days such as 90d, or 0")
	case *llm.Money:
		return parse(p, text, llm.ParseMoney, "an amount of US dollars such as 2 or 0.50")
	case *PriceConfig:
		if amount, err := llm.ParseMoney(text); err != nil || amount != 0 {
			return errors.New("it must be 0, or input and output in dollars per million tokens")
		}
		*p = PriceConfig{}
	default:
		return errors.New(shape(v))
	}
	return nil
}

func truth(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.ErrUnsupported
}

func parse[T any](p *T, text string, read func(string) (T, error), what string) error {
	value, err := read(text)
	if err != nil {
		return errors.New("it must be " + what)
	}
	*p = value
	return nil
}

// paths lists every setting below t.
func paths(path string, t reflect.Type) []string {
	switch {
	case t.Kind() == reflect.Pointer:
		return paths(path, t.Elem())
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return append([]string{path}, paths(path+"[]", t.Elem())...)
	case t.Kind() != reflect.Struct:
		return []string{path}
	}
	var list []string
	if path != "" && !strings.HasSuffix(path, "[]") {
		list = append(list, path)
	}
	for field := range t.Fields() {
		list = append(list, paths(join(path, field.Tag.Get("yaml")), field.Type)...)
	}
	return list
}

// override fills the settings below v whose variable is set and not empty, and
// returns the names of all such variables. Lists of sections have none.
func (l *loader) override(path string, v reflect.Value) []string {
	var names []string
	switch {
	case v.Kind() == reflect.Struct:
		for field, value := range v.Fields() {
			names = append(names, l.override(join(path, field.Tag.Get("yaml")), value)...)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
	default:
		name := "BOB_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
		names = append(names, name)
		if text, _ := l.env(name); text != "" {
			if err := setText(v, text); err != nil {
				l.faults = append(l.faults, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	return names
}

// strangers notes every BOB_ variable that is no setting: it is a misspelt one,
// and ignoring it would keep a default that nobody wants.
func (l *loader) strangers(environ, settings []string) {
	others := []string{"BOB_CONFIG", "BOB_DATA", "BOB_EVAL", "BOB_REFERENCE", "BOB_TOKEN"} // read elsewhere
	for _, entry := range slices.Sorted(slices.Values(environ)) {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "BOB_") && !slices.Contains(settings, name) && !slices.Contains(others, name) {
			l.faults = append(l.faults, fmt.Errorf("%s is not a setting; did you mean %s?", name, nearest(name, settings)))
		}
	}
}

// nearest returns the entry of the list that is the fewest edits away. A right
// word in the wrong section counts as near.
func nearest(word string, list []string) string {
	edits := func(to string) int { return min(distance(word, to), 1+distance(last(word), last(to))) }
	return slices.MinFunc(list, func(a, b string) int { return edits(a) - edits(b) })
}

func last(path string) string { return path[strings.LastIndex(path, ".")+1:] }

// distance counts the letters to add, drop or change to make a of b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
