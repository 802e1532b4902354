// The parts that every run goes through, each on inputs of growing size: time has to grow in step with it.
#include <filesystem>
#include <fstream>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "dcache/cache/build.h"
#include "dcache/cache/state_file.h"
#include "dcache/cache/what_if.h"
#include "dcache/dockerfile/expand.h"
#include "dcache/dockerfile/layout.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/ignore/matcher.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/report/findings.h"
#include "dcache/report/tree_json.h"
#include "dcache/shell/script.h"

namespace dcache {
namespace {

namespace fs = std::filesystem;

std::string dockerfile_of(int64_t instructions) {
  std::string text = "# syntax=docker/dockerfile:1\nFROM golang:1.22 AS build\n";
  for (int64_t i = 0; i < instructions / 2; ++i) {
    text += fmt::format(
        "COPY file{0} /dst/{0}\nRUN --mount=type=cache,target=/c step {0} && \\\n    npm ci \"quoted {0}\"\n",
        i);
  }
  return text;
}

lint::Config all_rules() {
  lint::Config config;
  config.profile = lint::Profile::kAll;
  return config;
}

void parse(benchmark::State& state) {
  const std::string text = dockerfile_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(dockerfile::parse(text));
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * state.iterations());
  state.SetComplexityN(state.range(0));
}
BENCHMARK(parse)->RangeMultiplier(8)->Range(16, 16 << 9)->Complexity(benchmark::oN);

void tokens_of_a_file(benchmark::State& state) {
  const dockerfile::File file = dockerfile::parse(dockerfile_of(300));
  for (auto _ : state)
    benchmark::DoNotOptimize(dockerfile::tokens(file));
}
BENCHMARK(tokens_of_a_file);

void expand_variables(benchmark::State& state) {
  const dockerfile::Lookup lookup = [](std::string_view name) {
    return name == "version" ? std::optional<std::string_view>("1.22.3") : std::nullopt;
  };
  for (auto _ : state)
    benchmark::DoNotOptimize(dockerfile::expand("\"golang:${version%.*}-${variant:-alpine}\"", lookup));
}
BENCHMARK(expand_variables);

void split_shell_text(benchmark::State& state) {
  std::string script;
  for (int64_t i = 0; i < state.range(0); ++i)
    script += fmt::format(
        "apt-get install -y \"package{0}\" && if [ -f /x ]; then echo $(date) > /log{0}; fi;\n", i);
  for (auto _ : state) {
    text::Arena texts;
    benchmark::DoNotOptimize(shell::split(script, texts));
  }
  state.SetBytesProcessed(static_cast<int64_t>(script.size()) * state.iterations());
  state.SetComplexityN(state.range(0));
}
BENCHMARK(split_shell_text)->RangeMultiplier(10)->Range(1, 1000)->Complexity(benchmark::oN);

void build_graph(benchmark::State& state) {
  const dockerfile::File file = dockerfile::parse(dockerfile_of(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(plan::build_graph(file, {}));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(build_graph)->RangeMultiplier(8)->Range(16, 16 << 6)->Complexity(benchmark::oN);

void lint_all_rules(benchmark::State& state) {
  const dockerfile::File file = dockerfile::parse(dockerfile_of(state.range(0)));
  const lint::Config config = all_rules();
  const lint::Linter linter(lint::catalogue(), config);
  for (auto _ : state)
    benchmark::DoNotOptimize(linter.lint(file, {}));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(lint_all_rules)->RangeMultiplier(8)->Range(16, 16 << 6)->Complexity(benchmark::oN);

// Each rule by itself, on the file that an editor is likely to hold.
void lint_one_rule(benchmark::State& state) {
  const lint::Rule& rule = lint::catalogue()[static_cast<size_t>(state.range(0))];
  const dockerfile::File file = dockerfile::parse(dockerfile_of(300));
  lint::Config config;
  config.select = {std::string(rule.code)};
  const lint::Linter linter(lint::catalogue(), config);
  for (auto _ : state)
    benchmark::DoNotOptimize(linter.lint(file, {}));
  state.SetLabel(std::string(rule.code));
}
BENCHMARK(lint_one_rule)->DenseRange(0, static_cast<int64_t>(lint::catalogue().size()) - 1);

// What an editor asks for: the text changed by one key, everything read and judged again.
void keystroke_in_300_lines(benchmark::State& state) {
  std::string text;
  for (int64_t instructions = 200; std::count(text.begin(), text.end(), '\n') < 300; ++instructions)
    text = dockerfile_of(instructions);
  const lint::Config config = all_rules();
  const lint::Linter linter(lint::catalogue(), config);
  size_t at = 0;
  for (auto _ : state) {
    at = (at + 7919) % text.size();
    if (text[at] != '\n') text[at] = text[at] == 'x' ? 'y' : 'x';
    const dockerfile::File file = dockerfile::parse(text);
    benchmark::DoNotOptimize(linter.lint(file, {}));
  }
}
BENCHMARK(keystroke_in_300_lines)->Unit(benchmark::kMillisecond);

// Fifty patterns as people write them: a third with `**`, a fifth of them exceptions.
std::string fifty_patterns() {
  std::string patterns;
  for (int i = 0; i < 50; ++i) {
    constexpr const char* kPlain[] = {"build{}/*.o", "folder{}", "docs/part{}/*.md", "*.tmp{}"};
    constexpr const char* kDeep[] = {"**/name{}", "**/*.log{}", "src/**/test{}"};
    if (i % 5 == 0) patterns += '!';
    patterns += fmt::format(fmt::runtime(i % 3 == 0 ? kDeep[i / 3 % 3] : kPlain[i % 4]), i);
    patterns += '\n';
  }
  return patterns;
}

std::vector<std::string> many_paths(size_t count) {
  std::vector<std::string> paths;
  for (size_t i = 0; i < count; ++i)
    paths.push_back(fmt::format("src/module{}/package{}/file{}.cc", i / 1000, i / 50 % 20, i % 50));
  return paths;
}

// As a walk asks: what was decided of a folder is known for the paths in it.
void match_walked_paths(benchmark::State& state) {
  const auto matcher = ignore::Matcher::parse(fifty_patterns());
  const std::vector<std::string> paths = many_paths(1'000'000);
  for (auto _ : state) {
    std::string_view folder;
    ignore::Matcher::Folder decided;
    for (const std::string& path : paths) {
      const std::string_view parent = std::string_view(path).substr(0, path.rfind('/'));
      if (parent != folder) {
        folder = parent;
        ignore::Matcher::Folder src, module;
        matcher->decide("src", {}, &src);
        matcher->decide(parent.substr(0, parent.rfind('/')), src, &module);
        matcher->decide(parent, module, &decided);
      }
      benchmark::DoNotOptimize(matcher->decide(path, decided));
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(paths.size()) * state.iterations());
}
BENCHMARK(match_walked_paths)->Unit(benchmark::kMillisecond);

void match_single_paths(benchmark::State& state) {
  const auto matcher = ignore::Matcher::parse(fifty_patterns());
  const std::vector<std::string> paths = many_paths(10'000);
  for (auto _ : state) {
    for (const std::string& path : paths)
      benchmark::DoNotOptimize(matcher->decide(path));
  }
  state.SetItemsProcessed(static_cast<int64_t>(paths.size()) * state.iterations());
}
BENCHMARK(match_single_paths)->Unit(benchmark::kMillisecond);

// A folder with files on disk, gone with this object.
class Tree {
 public:
  explicit Tree(int64_t files) : folder_(fs::temp_directory_path() / fmt::format("dcache-bench-{}", files)) {
    fs::remove_all(folder_);
    for (int64_t i = 0; i < files; ++i) {
      const fs::path folder = folder_ / fmt::format("folder{}", i / 50);
      if (i % 50 == 0) fs::create_directories(folder);
      std::ofstream(folder / fmt::format("file{}.c", i % 50))
          << std::string(static_cast<size_t>(i % 977) * 8, 'x');
    }
  }
  ~Tree() {
    std::error_code failure;
    fs::remove_all(folder_, failure);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  std::string path() const { return folder_.string(); }

 private:
  fs::path folder_;
};

void walk(benchmark::State& state) {
  const Tree tree(state.range(0));
  const context::WalkOptions options{.names_only = state.range(1) != 0};
  for (auto _ : state)
    benchmark::DoNotOptimize(context::walk(tree.path(), {}, options));
  state.SetItemsProcessed(state.range(0) * state.iterations());
  state.SetLabel(options.names_only ? "names only" : "with stamps");
}
BENCHMARK(walk)->ArgsProduct({{100, 1000, 10000}, {0, 1}})->UseRealTime();

void hash_files(benchmark::State& state) {
  const Tree tree(state.range(0));
  auto walked = context::walk(tree.path(), {});
  for (auto _ : state) {
    context::Snapshot snapshot = walked->snapshot;
    context::hash_contents(snapshot, tree.path(),
                           {.wanted = [](size_t, const context::Record&) { return true; }});
  }
  state.SetItemsProcessed(state.range(0) * state.iterations());
}
BENCHMARK(hash_files)->RangeMultiplier(10)->Range(100, 10000)->UseRealTime();

context::Snapshot snapshot_of(int64_t files) {
  std::vector<context::Record> records;
  for (int64_t i = 0; i < files; ++i) {
    context::Record record;
    record.path = fmt::format("src/folder{}/file{}.c", i % 100, i);
    record.content = context::hash_bytes(record.path);
    records.push_back(std::move(record));
  }
  return context::Snapshot(std::move(records));
}

void compute_keys(benchmark::State& state) {
  const dockerfile::File file = dockerfile::parse("FROM a\nCOPY . /\nCOPY src/*.c /\nRUN x\n");
  const plan::Graph graph = plan::build_graph(file, {});
  const context::Snapshot snapshot = snapshot_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(cache::compute_keys(graph, {.main = &snapshot, .named = {}}));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(compute_keys)->RangeMultiplier(10)->Range(100, 100000)->Complexity(benchmark::oN);

cache::Build build_of(int64_t files) {
  return std::move(*cache::Build::make({}, {"FROM a\nCOPY . /all\nRUN x\n", snapshot_of(files)}));
}

void what_if_one_file_changed(benchmark::State& state) {
  const cache::Build build = build_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(cache::what_if_changed(build, {{.given = "x", .path = "src/folder7/file7.c"}}));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(what_if_one_file_changed)->RangeMultiplier(10)->Range(100, 100000)->Complexity(benchmark::oN);

void write_and_read_a_snapshot(benchmark::State& state) {
  const cache::Build build = build_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(cache::read_state(cache::write_state(build)));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(write_and_read_a_snapshot)->RangeMultiplier(10)->Range(100, 10000)->Complexity(benchmark::oN);

void report_findings(benchmark::State& state) {
  const dockerfile::File file = dockerfile::parse(dockerfile_of(300));
  const lint::Config config = all_rules();
  const lint::Findings findings = lint::Linter(lint::catalogue(), config).lint(file, {});
  const char* const labels[] = {"text", "json", "sarif"};
  const std::unique_ptr<report::FindingsReport> reports[] = {
      report::findings_text(report::Style(false)), report::findings_json(),
      report::findings_sarif(lint::catalogue(), {"/", "/"})};
  const auto format = static_cast<size_t>(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(reports[format]->part({"Dockerfile", file.text(), &findings}));
  state.SetLabel(labels[format]);
}
BENCHMARK(report_findings)->DenseRange(0, 2);

void report_tree(benchmark::State& state) {
  const dockerfile::File file = dockerfile::parse(dockerfile_of(300));
  std::string out;
  for (auto _ : state) {
    out.clear();
    report::append_tree(file, "Dockerfile", out);
  }
}
BENCHMARK(report_tree);

}  // namespace
}  // namespace dcache
