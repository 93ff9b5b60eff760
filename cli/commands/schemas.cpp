#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/records/book.hpp"
#include "core/records/schema.hpp"

namespace cdctl::cli {

namespace {

Result<> write_schema(const std::filesystem::path& folder, const plugin::RecordRow& row) {
  CDCTL_TRY_ASSIGN(const auto schema, records::schema_of(row));
  return write_file_atomically(folder / records::schema_file(row.schema), schema.pretty() + "\n");
}

}  // namespace

/// `cdctl __schemas FOLDER`: those of the front end and of the plugins that are found.
int run_schemas(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (args.words.size() != 1) return fail(ExitCode::usage, "__schemas: give FOLDER");
    const std::filesystem::path folder = args.words.front();
    CDCTL_TRY(make_directories(folder, 0755));
    for (const auto& row : records::own_records()) CDCTL_TRY(write_schema(folder, row));
    for (const auto& row : context.plugin_host().records()->rows())
      CDCTL_TRY(write_schema(folder, row));
    return {};
  });
}

}  // namespace cdctl::cli
