// What stages are made from and copy from.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rules/stages.h"

namespace dcache::rules {

// The stage among the first `count` that COPY --from or a mount means by a name or a number; nothing for
// none.
std::optional<size_t> find_stage(const std::vector<WrittenStage>& stages, size_t count,
                                 std::string_view name_or_number);

// The image that a FROM means, with variables replaced, and with what a definition gives in the place of the
// name. Empty for files, and for an image that another build makes there. Lives as long as `dockerfile`.
std::string_view image_of(lint::Dockerfile& dockerfile, const dockerfile::Instruction& from);

// The stages that a stage may start from: the one that FROM names, or those that it may name, depending on
// the values of the variables in it.
std::vector<size_t> possible_bases(lint::Dockerfile& dockerfile, size_t stage);

// The image that a stage starts from, over all stages below it, with variables replaced; empty if there is
// none. Lives as long as `dockerfile`.
std::string_view base_image_of(lint::Dockerfile& dockerfile, size_t stage);

}  // namespace dcache::rules
