#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostCopies = 256;  // that are looked at for one command

struct Change {
  std::string_view flag;   // of COPY
  std::string_view value;  // owner or mode
  bool recursive = false;
  std::vector<std::string> paths;
};

// One file that keeps the name it is given.
bool brings_one_file(const plan::Step& copy) {
  const auto words = copy.instruction->arguments;
  return words.size() == 2 && !words[0].text.ends_with('/') && !words[0].text.ends_with('.') &&
         !words[1].text.ends_with('/');
}

// What COPY takes in the place of it; letters such as in `+x` can't be told without the file.
std::string_view copy_value(const Change& change) {
  const bool letters =
      change.flag == "--chmod" && change.value.find_first_not_of("01234567") != std::string_view::npos;
  return letters ? std::string_view("755") : change.value;
}

// `chown -R VALUE PATH…`

std::optional<Change> change_of(const shell::Command& command, const plan::Step& step) {
  const std::span<const shell::Word> words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  if (program != "chown" && program != "chmod") return std::nullopt;
  Change change;
  change.flag = program == "chown" ? "--chown" : "--chmod";
  for (const shell::Word& word : words.subspan(1)) {
    if (word.text == "--recursive" ||
        (word.text.starts_with('-') && word.text.find('R') != std::string_view::npos))
      change.recursive = true;
    if (word.text.starts_with('-')) continue;
    if (change.value.empty()) {
      change.value = word.text;
    } else if (word.text.find('$') == std::string_view::npos) {
      change.paths.push_back(text::clean_path(word.text.starts_with('/') ? std::string(word.text)
                                                                         : std::string(step.workdir()) + "/" +
                                                                               std::string(word.text)));
    }
  }
  return change;
}

class Check {
 public:
  Check(lint::Subject& subject, lint::Reporter& reporter) : subject_(subject), reporter_(reporter) {}

  void stage(const plan::Stage& stage) {
    std::vector<const plan::Step*> copies;
    for (const size_t index : stage.steps) {
      const plan::Step& step = subject_.graph().steps[index];
      if (step.kind == plan::Step::Kind::kCopy) copies.push_back(&step);
      if (step.kind == plan::Step::Kind::kRun && !copies.empty()) run(subject_.run_of(index), step, copies);
    }
  }

 private:
  void run(const lint::Run& run, const plan::Step& step, const std::vector<const plan::Step*>& copies) {
    for (const shell::Command& command : run.commands) {
      const auto change = change_of(command, step);
      if (!change || command.depth > 0) continue;
      for (const plan::Step* copy : std::span(copies).last(std::min(copies.size(), kMostCopies))) {
        const bool whole = std::ranges::any_of(change->paths, [&](const std::string& path) {
          return change->recursive ? text::is_within(copy->destination, path) && path != "/"
                                   : copy->destination == path && brings_one_file(*copy);
        });
        if (!whole) continue;
        reporter_.report(
            run.span_of(command.spelling),
            fmt::format("this stores once more what the {} of line {} brought",
                        dockerfile::name_of(copy->instruction->keyword), copy->instruction->start_line),
            fmt::format("write {} {}={} there", dockerfile::name_of(copy->instruction->keyword), change->flag,
                        copy_value(*change)));
        break;
      }
    }
  }

  lint::Subject& subject_;
  lint::Reporter& reporter_;
};

void check(lint::Subject& subject, lint::Reporter& reporter) {
  Check check(subject, reporter);
  for (const plan::Stage& stage : subject.graph().stages)
    check.stage(stage);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod"};

}  // namespace

lint::Rule DC1014() {
  return {.code = "DC1014",
          .name = "chown-layer",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .summary = "Files are copied, and then changed as a whole by chown or chmod",
          .rationale =
              "A layer holds files as a whole: to change the owner or the mode of a file is to store it a "
              "second time. Behind a COPY of a hundred megabytes, `RUN chown -R` adds another hundred, and "
              "both rebuild with every edit. COPY can set both on the way.",
          .bad = {"FROM node:22\n"
                  "COPY . /app\n"
                  "RUN chown -R node:node /app\n"},
          .good = {"FROM node:22\n"
                   "COPY --chown=node:node . /app\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules
