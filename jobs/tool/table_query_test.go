package tool_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/tool"
)

const sales = "Date,Region,Revenue (€),Units\n2025-10-01,North,\"1,200.50\",10\n2025-11-01,South,800,5\n2025-12-01,North,300,\n"

func TestQueryAggregates(t *testing.T) {
	t.Parallel()
	d, files := newData(t), newDataFiles().attach(t, "Q4 Sales.csv", []byte(sales))
	for sql, want := range map[string][][]any{
		"SELECT region, SUM(revenue) FROM q4_sales GROUP BY region ORDER BY 2 DESC;":                   {{"North", 1500.5}, {"South", 800.0}},
		"with t as (select units from q4_sales) select count(*), count(units) from t":                  {{3.0, 2.0}},
		"select median(units), percentile(units, 100), stddev_pop(units) from q4_sales":                {{7.5, 10.0, 2.5}},
		"select round(corr(revenue, units), 3) from q4_sales":                                          {{1.0}},
		"select strftime('%m', date) m, rank() over (order by revenue) from q4_sales order by m":       {{"10", 3.0}, {"11", 2.0}, {"12", 1.0}},
		"with recursive n(i) as (select 1 union all select i+1 from n where i<5) select sum(i) from n": {{15.0}},
		"select 'a;b' -- the end":                    {{"a;b"}},
		"select median(units) from q4_sales where 0": {{nil}},
	} {
		if diff := cmp.Diff(want, query(t, d, files, sql).Rows); diff != "" {
			t.Errorf("%s:\n%s", sql, diff)
		}
	}
}

func TestQueryCannotDoAnythingButRead(t *testing.T) {
	d, files := newData(t), newDataFiles().attach(t, "q4.csv", []byte(sales))
	folder := t.TempDir()
	t.Chdir(folder)
	for _, sql := range []string{
		"insert into q4 values (1,2,3,4)", "update q4 set units=0", "delete from q4", "drop table q4",
		"create table x(a)", "create temp table x(a)", "create view v as select 1",
		"attach 'evil.db' as e", "attach ':memory:' as e", "vacuum into 'evil.db'", "detach main",
		"pragma query_only=0", "begin", "commit", "savepoint a", "reindex", "analyze", "explain select 1", "values (1)",
		"select 1; drop table q4", "select 1; select 2", ";", "", "/* x */ pragma user_version",
		"with x as (select 1) insert into q4 select * from x",
		"with x as (select 1) delete from q4",
		"select load_extension('evil')", "select readfile('/etc/passwd')", "select writefile('evil', 'x')",
		"select fts3_tokenizer('simple')", "select zeroblob(1000000000)", "select randomblob(100)",
		"select * from pragma_table_info('q4')", "select * from pragma_query_only", "select * from sqlite_master",
		"select * from sqlite_dbpage", "select * from dbstat", "select edit('x')",
		"select 'never closed", "select 1 /* never closed", "select \x00 1",
	} {
		args := map[string]any{"sql": sql + " ", "limit": nil}
		_, err := call(t, d, files, "table_query", args)
		if _, ok := errors.AsType[*jobs.ToolError](err); !ok {
			t.Errorf("%q: %v, want a *jobs.ToolError", sql, err)
		}
	}
	if got := query(t, d, files, "select count(*), sum(units) from q4").Rows; !cmp.Equal(got, [][]any{{3.0, 15.0}}) {
		t.Errorf("the table changed: %v", got)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("files were written: %v, %v", left, err)
	}
}

func TestQueryEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	d, files := newData(t), newDataFiles().attach(t, "q4.csv", []byte(sales))
	tool.SetQueryTime(d, 200*time.Millisecond)
	for _, sql := range []string{
		"with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n",
		"with recursive n(i) as (select 1 union all select i+1 from n where i<100000) select count(*) from n a, n b, n c",
	} {
		start := time.Now()
		_, err := call(t, d, files, "table_query", map[string]any{"sql": sql, "limit": nil})
		if err == nil || !strings.Contains(err.Error(), "took longer") || time.Since(start) > 5*time.Second {
			t.Errorf("%s: %v after %s", sql, err, time.Since(start))
		}
	}
	if got := query(t, d, files, "select count(*) from q4").RowCount; got != 1 {
		t.Error("the tables do not work after a deadline")
	}
}

func TestQueryEndsWhenItTakesTooMuchMemory(t *testing.T) { //nolint:paralleltest // others' memory would count
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells how much memory a process holds")
	}
	d := newData(t)
	tool.SetQueryTime(d, time.Minute)
	tool.SetQueryMemory(d, 64<<20)
	_, err := call(t, d, newDataFiles(), "table_query", map[string]any{"sql": "with recursive n(i) as (select 1 union all " +
		"select i+1 from n where i<100000) select printf('%50000d', b.i) x from n a, n b order by x desc", "limit": nil})
	if err == nil || !strings.Contains(err.Error(), "too much memory") {
		t.Error(err)
	}
}

func TestQueryBoundsItsResult(t *testing.T) {
	t.Parallel()
	d, files := newData(t), newDataFiles()
	series := "with recursive n(i) as (select 1 union all select i+1 from n where i<5000) select i%s from n"
	got := query(t, d, files, strings.Replace(series, "%s", "", 1))
	if got.RowCount != 100 || !got.Truncated {
		t.Errorf("%d rows, truncated %v", got.RowCount, got.Truncated)
	}
	got = query(t, d, files, strings.Replace(series, "%s", ", printf('%5000d', i)", 1))
	if got.RowCount != 9 || !got.Truncated {
		t.Errorf("%d long rows, truncated %v", got.RowCount, got.Truncated)
	}
	if got := query(t, d, files, "select 1e999"); !cmp.Equal(got.Rows, [][]any{{"+Inf"}}) {
		t.Error(got.Rows)
	}
}

func TestQueryErrorNamesTablesAndColumns(t *testing.T) {
	t.Parallel()
	d, files := newData(t), newDataFiles().attach(t, "q4.csv", []byte(sales))
	for _, sql := range []string{"select x from q4", "select 1 from nothing", `select "revenu" from q4`, "select from"} {
		_, err := call(t, d, files, "table_query", map[string]any{"sql": sql, "limit": nil})
		if err == nil || !strings.Contains(err.Error(), "q4(date date, region text, revenue real, units integer)") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestQueryLoadsOnlyWhatItNamesAndOnce(t *testing.T) {
	t.Parallel()
	d := newData(t)
	files := newDataFiles().attach(t, "q4.csv", []byte(sales)).attach(t, "b.csv", []byte("id,region\n1,North\n"))
	for range 3 {
		query(t, d, files, "select count(*) from Q4")
	}
	if files.reads != 1 {
		t.Errorf("%d reads", files.reads)
	}
	if got := query(t, d, files, "select b.id from b join q4 using (region)"); got.RowCount != 2 {
		t.Errorf("%v", got.Rows)
	}
}

func TestQuerySeesArtifactsAndTablesOfOneName(t *testing.T) {
	t.Parallel()
	d := newData(t)
	files := newDataFiles().attach(t, "q4.csv", []byte(sales)).artifact("q4.tsv", []byte("a\tb\n1\t2\n"))
	if got := query(t, d, files, "select q4_2.b from q4_2, q4 limit 1"); !cmp.Equal(got.Rows, [][]any{{2.0}}) {
		t.Error(got.Rows)
	}
}

func TestQueryFailsAfterClose(t *testing.T) {
	t.Parallel()
	d := tool.NewData(tool.DataConfig{Now: dataNow})
	query(t, d, newDataFiles(), "select 1")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := call(t, d, newDataFiles(), "table_query", map[string]any{"sql": "select 1", "limit": nil}); err == nil {
		t.Error("a query after Close works")
	}
}

func TestDataIsAQuerier(t *testing.T) {
	t.Parallel()
	files := newDataFiles().attach(t, "q4.csv", []byte(sales))
	columns, rows, err := newData(t).Query(t.Context(), files, "select region, units from q4", 2)
	if err != nil || len(rows) != 2 || !cmp.Equal(columns, []string{"region", "units"}) || rows[0][1] != int64(10) {
		t.Errorf("%v %v %v", columns, rows, err)
	}
}

func TestQueryForgetsTablesUsedLongAgo(t *testing.T) {
	t.Parallel()
	d, files := newData(t), newDataFiles()
	for n := range 20 {
		files.attach(t, fmt.Sprintf("t%d.csv", n), fmt.Appendf(nil, "a,b\n%d,x\n", n))
	}
	for n := range 20 {
		query(t, d, files, fmt.Sprintf("select a from t%d", n))
	}
	reads := files.reads
	query(t, d, files, "select a from t19")
	if files.reads != reads {
		t.Error("the last table was forgotten")
	}
	if got := query(t, d, files, "select a from t0"); files.reads != reads+1 || !cmp.Equal(got.Rows, [][]any{{0.0}}) {
		t.Errorf("%d reads more, %v", files.reads-reads, got.Rows)
	}
}

func TestQueriesRunSideBySide(t *testing.T) {
	t.Parallel()
	d := newData(t)
	var all []*dataFiles
	for n := range 4 { // each its own files: the fake is not safe for concurrent use
		all = append(all, newDataFiles().attach(t, "q4.csv", fmt.Appendf(nil, "a,b\n%d,x\n", n/2)))
	}
	var wait sync.WaitGroup
	for n, files := range all {
		wait.Go(func() {
			for range 20 {
				_, rows, err := d.Query(t.Context(), files, "select a from q4", 1)
				if err != nil || rows[0][0] != int64(n/2) {
					t.Errorf("%d: %v, %v", n, rows, err)
					return
				}
			}
		})
	}
	wait.Wait()
}
