#pragma once

#include "cli/output/output.hpp"
#include "core/app/context.hpp"

namespace cdctl::cli {

/// What a command is given: the same as core/ gets, with the formats and colours of stdout.
class Context final : public app::Context {
 public:
  Context(Options options, Output& output)
      : app::Context(std::move(options), output), out(output) {}

  Output& out;  ///< the same object as the base's
};

}  // namespace cdctl::cli
