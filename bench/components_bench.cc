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

void match_paths(benchmark::State& state) {
  std::string patterns;
  for (int i = 0; i < 50; ++i) {
    const std::string number = std::to_string(i);
    if (i % 5 == 0) {
      patterns += "!keep" + number + "/sub\n";
    } else {
      patterns += (i % 3 == 0 ? "**/name" : "folder") + number + "/file\n";
    }
  }
  const auto matcher = ignore::Matcher::parse(patterns);
  std::vector<std::string> paths;
  for (int i = 0; i < 1000; ++i)
    paths.push_back(fmt::format("src/module{}/package{}/file{}.cc", i % 7, i % 31, i));
  for (auto _ : state) {
    for (const std::string& path : paths)
      benchmark::DoNotOptimize(matcher->decide(path));
  }
  state.SetItemsProcessed(static_cast<int64_t>(paths.size()) * state.iterations());
}
BENCHMARK(match_paths);

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
