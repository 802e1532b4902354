// What the fuzzing engine calls: each target takes any bytes and ends the program where a promise is broken.
//
// libFuzzer drives them (scripts/fuzz), and any compiler's program replays files through them (replay.cc).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::fuzz {

struct Target {
  std::string_view name;
  void (*run)(std::string_view input) = nullptr;
};

std::span<const Target> targets();
// Null for an unknown name.
const Target* find_target(std::string_view name);

void run_dockerfile(std::string_view input);
void run_build(std::string_view input);
void run_expand(std::string_view input);
void run_shell(std::string_view input);
void run_ignore(std::string_view input);
void run_glob(std::string_view input);
void run_settings(std::string_view input);
void run_hadolint_config(std::string_view input);
void run_baseline(std::string_view input);
void run_compose(std::string_view input);
void run_bake(std::string_view input);
void run_bake_json(std::string_view input);
void run_skaffold(std::string_view input);
void run_workflow(std::string_view input);
void run_gitlab(std::string_view input);
void run_state(std::string_view input);
void run_store(std::string_view input);
void run_durations(std::string_view input);
void run_framing(std::string_view input);
void run_lsp(std::string_view input);
void run_log(std::string_view input);

// Ends the program with these words, unless the promise is kept.
void expect(bool kept, std::string_view promise, std::string_view shown = {});

// The parts of an input that stands for several files or values: what stands between zero bytes.
std::vector<std::string_view> parts(std::string_view input);

// Whether text for a terminal or a log contains nothing that drives it.
void expect_printable(std::string text, std::string_view of);
void expect_json(const std::string& text, std::string_view of);
void expect_xml(const std::string& text, std::string_view of);

}  // namespace dcache::fuzz
