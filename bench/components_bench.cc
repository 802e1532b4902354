// The parts that every run goes through, on inputs of growing size: time has to grow in step with it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "dcache/cache/keys.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/ignore/matcher.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"

namespace dcache {
namespace {

std::string dockerfile_of(int64_t instructions) {
  std::string text = "# syntax=docker/dockerfile:1\nFROM golang:1.22 AS build\n";
  for (int64_t i = 0; i < instructions; ++i) {
    text += fmt::format(
        "COPY file{0} /dst/{0}\nRUN --mount=type=cache,target=/c step {0} && \\\n    npm ci \"quoted {0}\"\n",
        i);
  }
  return text;
}

void parse(benchmark::State& state) {
  const std::string text = dockerfile_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(dockerfile::parse(text));
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * state.iterations());
  state.SetComplexityN(state.range(0));
}
BENCHMARK(parse)->RangeMultiplier(8)->Range(8, 8 << 9)->Complexity(benchmark::oN);

void lint_file(benchmark::State& state) {
  const dockerfile::File file = dockerfile::parse(dockerfile_of(state.range(0)));
  const lint::Config config;
  const lint::Linter linter(lint::catalogue(), config);
  for (auto _ : state)
    benchmark::DoNotOptimize(linter.lint(file, {}));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(lint_file)->RangeMultiplier(8)->Range(8, 8 << 6)->Complexity();

// Fifty patterns as people write them: a third with `**`, a fifth of them exceptions.
std::string fifty_patterns() {
  std::string patterns;
  for (int i = 0; i < 50; ++i) {
    constexpr const char* kPlain[] = {"build{}/*.o", "folder{}", "docs/part{}/*.md", "*.tmp{}"};
    constexpr const char* kDeep[] = {"**/name{}", "**/*.log{}", "src/**/test{}"};
    if (i % 5 == 0) patterns += '!';
    patterns += i % 3 == 0 ? fmt::format(fmt::runtime(kDeep[i / 3 % 3]), i)
                           : fmt::format(fmt::runtime(kPlain[i % 4]), i);
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

void compute_keys(benchmark::State& state) {
  const dockerfile::File file = dockerfile::parse("FROM a\nCOPY . /\nCOPY src/*.c /\nRUN x\n");
  const plan::Graph graph = plan::build_graph(file, {});
  std::vector<context::Record> records;
  for (int64_t i = 0; i < state.range(0); ++i) {
    context::Record record;
    record.path = fmt::format("src/folder{}/file{}.c", i % 100, i);
    records.push_back(std::move(record));
  }
  const context::Snapshot snapshot(std::move(records));
  for (auto _ : state)
    benchmark::DoNotOptimize(cache::compute_keys(graph, {&snapshot, {}}));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(compute_keys)->RangeMultiplier(10)->Range(100, 100000)->Complexity(benchmark::oN);

}  // namespace
}  // namespace dcache
