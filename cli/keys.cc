#include "dcache/report/keys.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/cache/what_if.h"
#include "dcache/report/context.h"
#include "dcache/report/context_files.h"
#include "dcache/text/glob.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  uint32_t files = 0;
  bool list = false;
  bool ignored = false;
  std::string why;
  std::string format = "text";
};

int run_keys(const Options& options) {
  auto build = load_build(options.build);
  if (!build) return kError;
  const auto starts_there = [&](const plan::Step& step) {
    return step.instruction->start_line == options.files;
  };
  if (options.files != 0 && std::ranges::none_of(build->graph().steps, starts_there)) {
    complain(fmt::format("--files {}: no step starts in this line of {}", options.files,
                         build->options().dockerfile));
    return kError;
  }
  const auto reads_files = [&](const plan::Step& step) { return starts_there(step) && !step.reads.empty(); };
  if (options.files != 0 && std::ranges::none_of(build->graph().steps, reads_files))
    complain(fmt::format("note: the step in line {} reads no files", options.files));
  hash_files(*build);
  if (!complain_of_problems(*build)) return kError;
  std::string out;
  if (options.format == "json") {
    report::append_keys_json(*build, out);
  } else {
    report::append_keys(*build, options.files, report::Style(use_colour()), out);
  }
  print_and_clear(out);
  return kOk;
}

// Where a file is in the contexts; nothing, with a word on standard error, for one outside of all, and for
// the root of one.
std::vector<report::ContextPath> places_in_contexts(const cache::Build& build, const std::string& given) {
  const std::vector<cache::ChangedPath> paths = cache::locate(build, {given}, current_folder());
  const cache::ChangedPath& first = paths.front();
  if (text::has_wildcard(given) && (!first.exists || first.given != given)) {
    complain(fmt::format("--why {}: it is a pattern; name a file or a folder", given));
    return {};
  }
  const std::string& context = build.options().context;
  if (first.fate == cache::ChangedPath::Fate::kOutside) {
    if (context == cache::kNoContext) {
      complain(fmt::format("--why {}: the build has no context, so no step can read it", given));
      return {};
    }
    complain(fmt::format("--why {}: it is outside of the build context {}, so no step can read it", given,
                         context));
    return {};
  }
  std::vector<report::ContextPath> places;
  const bool exists = std::ranges::any_of(paths, &cache::ChangedPath::exists);
  for (const cache::ChangedPath& path : paths) {
    if (path.exists == exists && (exists || places.empty())) places.push_back({path.context, path.path});
  }
  if (std::ranges::any_of(places, [](const report::ContextPath& place) { return !place.path.empty(); }))
    return places;
  complain(fmt::format("--why {}: it is the root of the {} {}; name a file or a folder in it", given,
                       first.context.empty() ? "build context" : "named context",
                       first.context.empty() ? context : first.context));
  return {};
}

// The files of the context, or one of them.
int run_files(const Options& options, std::span<const cache::Build> builds) {
  const cache::Build& build = builds.front();
  const bool json = options.format == "json";
  const report::Style style(use_colour());
  std::string out;
  if (!options.why.empty()) {
    auto places = places_in_contexts(build, options.why);
    if (places.empty()) return kError;
    if (json) {
      report::append_file_reasons_json(builds, std::move(places), out);
    } else {
      report::append_file_reasons(builds, std::move(places), style, out);
    }
  } else {
    const auto which = options.ignored ? report::ListedFiles::kIgnored : report::ListedFiles::kAll;
    const auto listed = json ? report::append_context_files_json(build, which, out)
                             : report::append_context_files(build, which, style, out);
    if (!listed) {
      complain(listed.error());
      return kError;
    }
  }
  print_and_clear(out);
  return kOk;
}

int run_context(const Options& options) {
  const std::vector<cache::Build> builds = load_platforms(options.build, IgnoredSizes::kMeasured);
  if (builds.empty()) return kError;
  constexpr bool kAll = true;
  const int status = complain_of_problems(builds.front(), kAll) ? kOk : kError;
  if (options.list || options.ignored || !options.why.empty())
    return std::max(status, run_files(options, builds));
  std::string out;
  if (options.format == "json") {
    report::append_context_json(builds, out);
  } else {
    report::append_context(builds, report::Style(use_colour()), out);
  }
  print_and_clear(out);
  return status;
}

void add_format(Command& command, Options& options) {
  command.text("--format", "", options.format, "Output format").choices = {"text", "json"};
}

}  // namespace

Command keys_command() {
  auto options = std::make_shared<Options>();
  Command command("keys", "Print the cache key of every step, and the files it is made of");
  command.number("--files", "LINE", options->files, "List the files of the step that starts in this line");
  add_build_options(command, options->build);
  add_store_option(command, options->build);
  add_format(command, *options);
  add_builder_options(command, options->build);
  command.notes = "Compare keys with each other; they are not the keys of a builder.";
  command.examples = "  dcache keys -f Dockerfile --files 6";
  command.run = [options] { return run_keys(*options); };
  return command;
}

Command context_command() {
  auto options = std::make_shared<Options>();
  Command command("context", "Show what is in the build context, and what no step reads");
  command.flag("--list", options->list, "List every file of the context's folder, in or out, with its size");
  command.flag("--ignored", options->ignored, "List only the files that the ignore file keeps out");
  command.text("--why", "FILE", options->why,
               "Say which pattern keeps a file in or out of the context, and which steps read it");
  add_build_options(command, options->build);
  add_format(command, *options);
  command.examples =
      "  dcache context --target build\n"
      "  dcache context --why src/config.json\n"
      "  dcache context --list --image api";
  command.run = [options] { return run_context(*options); };
  return command;
}

}  // namespace dcache::cli
