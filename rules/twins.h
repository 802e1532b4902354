// What rules of BuildKit and of hadolint about the same thing say. Each finds by what its program looks at,
// which is recorded to differ; the words are the same.
#pragma once

#include <string_view>

#include "dcache/lint/rule.h"
#include "rules/secrets.h"

namespace dcache::rules {

// DL3029 and FromPlatformFlagConstDisallowed: the flag of `from` names one platform.
lint::Diagnostic& report_fixed_platform(lint::Reporter& reporter, const dockerfile::Instruction& from,
                                        const dockerfile::Flag& platform);
// DL3065 and RedundantTargetPlatform.
lint::Diagnostic& report_target_platform(lint::Reporter& reporter, const dockerfile::Instruction& from,
                                         const dockerfile::Flag& platform);
// DL3024 and DuplicateStageName: another stage has the name, which is the last word of `from`.
void report_duplicate_stage(lint::Reporter& reporter, const dockerfile::Instruction& from);
// DL3063 and ReservedStageName.
void report_reserved_stage(lint::Reporter& reporter, const dockerfile::Instruction& from);
// DL4000 and MaintainerDeprecated: `label` is the LABEL to write.
lint::Diagnostic& report_maintainer(lint::Reporter& reporter, const dockerfile::Instruction& maintainer,
                                    std::string_view label);
// DL3012, DL4003, DL4004 and MultipleInstructionsDisallowed: of two equal `keyword`s of a stage, at `place`
// and in `other_line`, the later one counts.
lint::Diagnostic& report_replaced(lint::Reporter& reporter, const dockerfile::Instruction& place,
                                  dockerfile::Keyword keyword, uint32_t other_line);
// DL3064 and SecretsUsedInArgOrEnv: ARG or ENV `keyword` at `place` sets `variable`; `ships` if its stage is
// part of an image.
lint::Diagnostic& report_secret_variable(lint::Reporter& reporter, const dockerfile::Instruction& place,
                                         dockerfile::Keyword keyword, const NamedVariable& variable,
                                         bool ships);
// DL3000 and WorkdirRelativePath: a WORKDIR at `place` has the relative `path`.
lint::Diagnostic& report_relative_workdir(lint::Reporter& reporter, const dockerfile::Instruction& place,
                                          std::string_view path, text::Span word);

}  // namespace dcache::rules
