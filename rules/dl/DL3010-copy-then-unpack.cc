#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules::DL3010 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr size_t kMostArchives = 256;  // that are looked for in one stage

// Archives that a stage copied so far, by the names they have in the image.
struct CopiedArchive {
  const Instruction* copy;
  std::string_view name;
};

bool is_archive(std::string_view name) {
  constexpr std::string_view kEndings[] = {
      ".tar", ".tar.gz", ".tgz", ".tar.bz2",  ".tbz2", ".tbz", ".tb2", ".tar.xz", ".txz", ".tar.Z",
      ".tZ",  ".tar.lz", ".tlz", ".tar.lzma", ".gz",   ".bz2", ".xz",  ".Z",      ".lz",  ".lzma"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

std::string_view file_name(std::string_view path) {
  while (path.ends_with('"') || path.ends_with('\''))
    path.remove_suffix(1);
  const size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

void add_archives(const Instruction& copy, std::vector<CopiedArchive>& copied) {
  if (copy.find_flag("from") != nullptr || copy.arguments.size() < 2) return;
  const std::string_view target = file_name(copy.arguments.back().text);
  for (const dockerfile::Word& source : copy.arguments.first(copy.arguments.size() - 1)) {
    const std::string_view name = file_name(source.text);
    if (is_archive(name) && copied.size() < kMostArchives)
      copied.push_back({&copy, is_archive(target) ? target : name});
  }
}

bool unpacks(const shell::Command& command) {
  const std::string_view program = command.program();
  const auto has_mode = [&](const shell::Word& word) {
    const bool cluster = word.text.size() > 1 && word.text[0] == '-' && word.text[1] != '-';
    return word.text == "--extract" || word.text == "--get" ||
           (cluster && word.text.find('x') != std::string_view::npos);
  };
  if (program == "tar") {
    const bool bundled = command.words.size() > 1 && command.words[1].text[0] != '-' &&
                         command.words[1].text.find('x') != std::string_view::npos;
    return bundled || std::ranges::any_of(command.words, has_mode);
  }
  constexpr std::string_view kPrograms[] = {"gunzip", "bunzip2",    "unlzma", "unxz",
                                            "zgz",    "uncompress", "zcat",   "gzcat"};
  return std::ranges::find(kPrograms, program) != std::end(kPrograms);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    std::vector<CopiedArchive> copied;
    for (const Instruction& instruction : stage.body) {
      if (instruction.keyword == Keyword::kCopy) add_archives(instruction, copied);
      if (instruction.keyword != Keyword::kRun || copied.empty()) continue;
      for (const shell::Command& command : dockerfile.run_at(instruction).commands) {
        if (!unpacks(command)) continue;
        std::erase_if(copied, [&](const CopiedArchive& archive) {
          const bool named = std::ranges::any_of(
              command.words, [&](const shell::Word& word) { return file_name(word.text) == archive.name; });
          if (named) {
            reporter.report(
                archive.copy->span,
                fmt::format("{} is stored in one layer, and its unpacked files in another", archive.name),
                "write ADD, which unpacks the archive");
          }
          return named;
        });
      }
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3010",
          .name = "copy-then-unpack",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "An archive is copied and then unpacked, but ADD can unpack it",
          .rationale =
              "With COPY, the archive stays in its own layer, in addition to the unpacked files. ADD "
              "unpacks a local archive and stores only its files.",
          .bad = {"FROM debian:12\n"
                  "COPY app.tar.gz /tmp/\n"
                  "RUN tar -xzf /tmp/app.tar.gz -C /opt\n"},
          .good = {"FROM debian:12\n"
                   "ADD app.tar.gz /opt/\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3010
