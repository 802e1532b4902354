#include "rules/plain_commands.h"

#include <algorithm>
#include <array>

#include <re2/re2.h>

#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/words.h"
#include "rules/known_facts.h"

namespace dcache::rules {
namespace {

using PlainWords = std::span<const shell::Word>;

// A program of the project may have any name: `./install`, `bin/test`.
bool is_from_system(std::string_view program) {
  constexpr auto kFolders = std::to_array<std::string_view>({"/bin", "/usr/bin", "/sbin", "/usr/sbin"});
  return program.find('/') == std::string_view::npos || text::is_one_of(text::parent_path(program), kFolders);
}

bool has_option(PlainWords words, std::initializer_list<std::string_view> options) {
  return std::ranges::any_of(words, [&](const shell::Word& word) {
    const std::string_view name = word.text.substr(0, word.text.find('='));
    return std::ranges::find(options, name) != options.end();
  });
}

// Whether letters that are written together have one of these: `-vf x` is `-v -f x`.
bool has_letter(PlainWords words, std::string_view letters) {
  return std::ranges::any_of(words, [&](const shell::Word& word) {
    return word.text.starts_with('-') && !word.text.starts_with("--") &&
           word.text.find_first_of(letters) != std::string_view::npos;
  });
}

// `find . -name '*.sh' -exec chmod +x {} +`
bool finds_plainly(PlainWords words) {
  constexpr auto kStarting = std::to_array<std::string_view>({"-exec", "-execdir", "-ok", "-okdir"});
  for (size_t i = 1; i < words.size(); ++i) {
    if (!text::is_one_of(words[i].text, kStarting)) continue;
    size_t end = i + 1;
    while (end < words.size() && words[end].text != ";" && words[end].text != "+")
      ++end;
    if (!is_plain_command(words.subspan(i + 1, end - i - 1))) return false;
    i = end;
  }
  return true;
}

// Its first operand is a program.
bool runs_plain_awk(PlainWords words) {
  static const RE2 kStarts(R"re(\bsystem\s*\(|\bENVIRON\b|@\s*(?:load|include)\b|[^|]\|[^|])re");
  if (has_letter(words, "fiElD") || has_option(words, {"--file", "--include", "--exec", "--load"}))
    return false;
  return std::ranges::none_of(words.subspan(1), [](const shell::Word& word) {
    return (!word.literal && word.text.starts_with('$')) ||
           RE2::PartialMatch(text::piece(word.text), kStarts);
  });
}

// The command `e` of sed, and the flag of `s`, run a program.
bool runs_plain_sed(PlainWords words) {
  static const RE2 kStarts(
      R"re((?:^|[;{}\n0-9$/!])\s*e(?:\s|[;}]|$)|[/|#,@!:%~+_][gpiImM0-9]*e[gpiImM0-9]*\s*(?:[;}\n]|$))re");
  if (has_letter(words, "f") || has_option(words, {"--file"})) return false;
  return std::ranges::none_of(words.subspan(1), [](const shell::Word& word) {
    return (!word.literal && word.text.starts_with('$')) ||
           RE2::PartialMatch(text::piece(word.text), kStarts);
  });
}

bool runs_plain_tar(PlainWords words) {
  constexpr auto kCompressors = std::to_array<std::string_view>(
      {"bzip2", "gzip", "lz4", "lzip", "lzma", "pbzip2", "pigz", "pixz", "xz", "zstd", "zstdmt", "unzstd"});
  if (has_option(words, {"--to-command", "--checkpoint-action", "--info-script", "--new-volume-script",
                         "--rsh-command", "--rmt-command", "-F"}))
    return false;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i].text;
    const std::string_view option = word.substr(0, word.find('='));
    std::string_view program;
    if (option == "-I" || option == "--use-compress-program" || option == "--use-compress-prog") {
      program = option.size() < word.size() ? word.substr(option.size() + 1)
                : i + 1 < words.size()      ? std::string_view(words[i + 1].text)
                                            : std::string_view();
    } else if (word.starts_with("-I")) {
      program = word.substr(2);
    } else {
      continue;
    }
    if (!text::is_one_of(program.substr(0, program.find(' ')), kCompressors)) return false;
  }
  return true;
}

// `java -Djarmode=tools -jar app.jar extract` unpacks the archive, which has all that it needs.
// Source: https://docs.spring.io/spring-boot/reference/packaging/container-images/dockerfiles.html
bool unpacks_by_java(PlainWords words) {
  constexpr auto kModes = std::to_array<std::string_view>({"-Djarmode=tools", "-Djarmode=layertools"});
  if (words.size() < 4 || !text::is_one_of(words[1].text, kModes) || words[2].text != "-jar") return false;
  return std::ranges::none_of(words.subspan(3), [](const shell::Word& word) {
    return word.text.starts_with('@') || word.text.starts_with("-J") || word.text.starts_with("-D");
  });
}

// Files of arguments may name other ones.
bool runs_plain_jar(PlainWords words) {
  return std::ranges::none_of(words.subspan(1), [](const shell::Word& word) {
    return word.text.starts_with('@') || word.text.starts_with("-J");
  });
}

// Settings may name programs, and packages of the project have scripts of their own.
bool installs_plainly(PlainWords words) {
  if (has_option(words, {"-o", "-c", "--option", "--config-file", "--setopt"})) {
    const bool harmless = std::ranges::all_of(words, [](const shell::Word& word) {
      return !word.text.starts_with("-c") && word.text.find("::Pre-") == std::string_view::npos &&
             word.text.find("::Post-") == std::string_view::npos &&
             word.text.find("Dir") == std::string_view::npos;
    });
    if (!harmless) return false;
  }
  return std::ranges::none_of(words.subspan(1), [](const shell::Word& word) {
    const bool is_file =
        word.text.ends_with(".deb") || word.text.ends_with(".rpm") || word.text.ends_with(".apk");
    return is_file || word.text.starts_with("./") || word.text.starts_with("../");
  });
}

}  // namespace

bool is_plain_command(PlainWords words) {
  if (words.empty()) return true;
  const std::string_view program = shell::program_of(words);
  if (!text::is_one_of(program, plain_programs()) || !is_from_system(words.front().text)) return false;
  if (program == "find") return finds_plainly(words);
  if (program == "awk") return runs_plain_awk(words);
  if (program == "sed") return runs_plain_sed(words);
  if (program == "tar") return runs_plain_tar(words);
  if (program == "java") return unpacks_by_java(words);
  if (program == "jar") return runs_plain_jar(words);
  if (program == "sort") return !has_option(words, {"--compress-program"});
  if (program == "install") return !has_option(words, {"--strip-program"});
  if (program == "git")
    return !has_option(words, {"foreach", "--exec", "-x", "run", "filter-branch", "commit", "checkout",
                               "merge", "rebase", "switch", "-c"});
  const bool installs = program == "dpkg" || text::is_one_of(program, system_package_managers());
  return !installs || installs_plainly(words);
}

}  // namespace dcache::rules
