#pragma once

#include <string>

#include <cdctl/json.hpp>

namespace cdctl::elastic {

/// `logs-cdctl.signals-prod`: where a record belongs.
[[nodiscard]] std::string stream_of(const Json& record, const std::string& name_space);
/// The same for the same record, so that one that is sent twice is there once.
[[nodiscard]] std::string id_of(const Json& record);
/// A record as a document of the Elastic Common Schema; the record itself is in `cdctl`.
[[nodiscard]] Json document_of(const Json& record, const std::string& name_space);
/// The index template of the data streams: what `cdctl elastic template` prints.
[[nodiscard]] Json index_template();

}  // namespace cdctl::elastic
