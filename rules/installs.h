// What the rules about installs of several package managers have in common; what differs is data.
#pragma once

#include <functional>
#include <string_view>

#include "dcache/lint/rule.h"

namespace dcache::rules {

// Whether a package that a RUN installs needs no version.
using NeedsNoVersion = std::function<bool(const lint::Run& run, const shell::Word& package)>;

// Reports each RUN in which the package manager installs something without naming its version.
void report_unpinned(lint::Subject& subject, lint::Reporter& reporter, std::string_view manager,
                     const NeedsNoVersion& needs_none = {});

// Reports each RUN in which it would stop to ask.
void report_unconfirmed(lint::Subject& subject, lint::Reporter& reporter, std::string_view manager);

// Reports each RUN in which what it downloaded stays in the layer.
void report_uncleaned(lint::Subject& subject, lint::Reporter& reporter, std::string_view manager);

}  // namespace dcache::rules
