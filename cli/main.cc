#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/version.h"

namespace dcache::cli {
namespace {

int run(int argc, char** argv) {
  CLI::App app("Says which steps of a Docker build will rebuild, and why, before you build.", "dcache");
  app.set_version_flag("--version", "dcache " DCACHE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  const std::map<std::string, Colour> colours = {
      {"auto", Colour::kAuto}, {"always", Colour::kAlways}, {"never", Colour::kNever}};
  app.add_option_function<Colour>("--color", set_colour, "When to use colours: auto, always or never")
      ->transform(CLI::CheckedTransformer(colours))
      ->type_name("WHEN")
      ->option_text("WHEN");
  Action action;
  add_lint(app, action);
  add_explain(app, action);
  add_snapshot(app, action);
  add_keys(app, action);
  add_context(app, action);
  add_parse(app, action);
  add_rules(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kError;
  }
  const int status = action();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    complain("can't write to standard output");
    return kError;
  }
  return status;
}

}  // namespace
}  // namespace dcache::cli

int main(int argc, char** argv) {
  try {
    return dcache::cli::run(argc, argv);
  } catch (const std::exception&
               error) {  // memory that is not to be had, and what a library did not report otherwise
    std::fprintf(stderr, "dcache: %s\n", error.what());
    return dcache::cli::kError;
  }
}
