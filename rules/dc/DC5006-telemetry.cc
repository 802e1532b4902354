#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/invocations.h"
#include "rules/stages.h"

namespace dcache::rules::DC5006 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// A program that tells its maker how it is used, and the variable that turns that off.
struct Teller {
  std::string_view program;
  std::string_view variable;
  std::string_view value;
};
constexpr Teller kTellers[] = {
    // https://learn.microsoft.com/dotnet/core/tools/telemetry
    {"dotnet", "DOTNET_CLI_TELEMETRY_OPTOUT", "1"},
    // https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_telemetry
    {"pwsh", "POWERSHELL_TELEMETRY_OPTOUT", "1"},
    // https://learn.microsoft.com/cli/azure/azure-cli-configuration
    {"az", "AZURE_CORE_COLLECT_TELEMETRY", "0"},
    // https://learn.microsoft.com/azure/azure-functions/functions-core-tools-reference
    {"func", "FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT", "1"},
    // https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-telemetry.html
    {"sam", "SAM_CLI_TELEMETRY", "0"},
    // https://nextjs.org/telemetry
    {"next", "NEXT_TELEMETRY_DISABLED", "1"},
    // https://www.gatsbyjs.com/docs/telemetry/
    {"gatsby", "GATSBY_TELEMETRY_DISABLED", "1"},
    // https://github.com/nuxt/telemetry
    {"nuxt", "NUXT_TELEMETRY_DISABLED", "1"},
    {"nuxi", "NUXT_TELEMETRY_DISABLED", "1"},
    // https://astro.build/telemetry/
    {"astro", "ASTRO_TELEMETRY_DISABLED", "1"},
    // https://angular.dev/cli/analytics
    {"ng", "NG_CLI_ANALYTICS", "false"},
    // https://turborepo.com/docs/telemetry
    {"turbo", "TURBO_TELEMETRY_DISABLED", "1"},
    // https://www.prisma.io/docs/orm/tools/prisma-cli
    {"prisma", "CHECKPOINT_DISABLE", "1"},
    // https://learn.microsoft.com/vcpkg/about/privacy
    {"vcpkg", "VCPKG_DISABLE_METRICS", "1"},
    // https://docs.brew.sh/Analytics
    {"brew", "HOMEBREW_NO_ANALYTICS", "1"},
};

// The program that a call is about: what npx and the like start counts.
std::string_view started_by(const Invocation& call) {
  constexpr std::string_view kRunners[] = {"npx", "bunx", "pnpx", "yarn", "pnpm", "bun"};
  if (std::ranges::find(kRunners, call.program) == std::end(kRunners)) return call.program;
  const auto words = call.arguments();
  const auto first = std::ranges::find_if(words, [](const shell::Word& word) {
    return !word.text.starts_with('-') && word.text != "exec" && word.text != "dlx" && word.text != "x";
  });
  return first == words.end() ? std::string_view() : first->text;
}

bool names_variable(const Instruction& instruction, std::string_view variable) {
  return (instruction.keyword == Keyword::kEnv || instruction.keyword == Keyword::kArg) &&
         std::ranges::any_of(instruction.arguments, [&](const dockerfile::Word& word) {
           return word.text.substr(0, word.text.find('=')) == variable;
         });
}

// Whether the stage of a RUN, or one that it starts from, sets the variable, or the script names it.
bool is_decided(const std::vector<WrittenStage>& stages, const lint::Run& run, std::string_view variable) {
  if (run.script.find(variable) != std::string_view::npos) return true;
  std::optional<size_t> at = stage_of(stages, run);
  for (; at; at = stages[*at].base) {
    const bool sets = std::ranges::any_of(stages[*at].body, [&](const Instruction& instruction) {
      return names_variable(instruction, variable);
    });
    if (sets) return true;
  }
  return false;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  std::vector<std::pair<size_t, std::string_view>> said;  // once for a stage
  for (const Invocation& call : all_invocations(dockerfile)) {
    const auto teller = std::ranges::find(kTellers, started_by(call), &Teller::program);
    if (teller == std::end(kTellers) || is_decided(stages, *call.run, teller->variable)) continue;
    const std::pair what{stage_of(stages, *call.run), teller->variable};
    if (std::ranges::find(said, what) != said.end()) continue;
    said.push_back(what);
    reporter
        .report(call.run->instruction->span,
                fmt::format("{} sends data about each build to its maker", teller->program),
                fmt::format("write ENV {}={} above it, or set the variable for this RUN", teller->variable,
                            teller->value))
        .focus = call.run->span_of(call.command->spelling);
  }
}

constexpr std::string_view kReferences[] = {"https://learn.microsoft.com/dotnet/core/tools/telemetry",
                                            "https://nextjs.org/telemetry"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC5006",
      .name = "telemetry",
      .level = lint::Level::kStyle,
      .on_by_default = false,
      .summary = "A tool sends data about the build to its maker",
      .rationale =
          "Some tools report commands, versions and a hash of the machine to their makers unless a variable "
          "forbids it. In a container each build counts as a new machine, and builds without a network wait "
          "for the attempt. ENV turns it off in the image too. The rule is about policy, and is off by "
          "default. It knows dotnet, PowerShell, the command lines of Azure and AWS SAM, Next.js, Gatsby, "
          "Nuxt, Astro, Angular, Turborepo, Prisma, vcpkg and Homebrew.",
      .bad = {"FROM mcr.microsoft.com/dotnet/sdk:9.0\n"
              "RUN dotnet publish -o /app\n"},
      .good = {"FROM mcr.microsoft.com/dotnet/sdk:9.0\n"
               "ENV DOTNET_CLI_TELEMETRY_OPTOUT=1\n"
               "RUN dotnet publish -o /app\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC5006
