// Reads segments without Fusewire, with the code that flatc generates. Prints the time in ns, the severity, the body and the
// attributes of each entry. The exit code is 3 if bytes were lost. schema/FORMAT.md specifies the format.
//
//     flatc --cpp -o generated schema/log_entry.fbs
//     c++ -std=c++17 -O2 -I generated examples/cpp/read_segment.cpp -o read_segment
//     ./read_segment logs/*.fws
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "log_entry_generated.h"

using namespace fusewire::wire;
using Bytes = std::vector<uint8_t>;

// The format is little-endian. On a big-endian host, reverse the bytes here.
template <typename T> T load(const uint8_t *at) { T value; std::memcpy(&value, at, sizeof value); return value; }

uint32_t crc32(const uint8_t *data, size_t length, uint32_t initial) {
    uint32_t crc = ~initial;
    for (; length != 0; length--) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

// Returns the bytes of the text from `at` on, or nothing if they are not inside the text.
std::string span(const LogEntry &entry, uint64_t at, uint64_t length) {
    auto text = entry.text();
    if (!text || at > text->size() || length > text->size() - at) return "";
    return std::string(reinterpret_cast<const char *>(text->Data()) + at, length);
}

// The values of a like entry that differ from those of its base: the body, and the value field or the text of nodes.
struct Changes {
    bool has_body = false;
    std::string body;
    std::map<uint32_t, uint64_t> values;
    std::map<uint32_t, std::string> texts;
};

bool is_container(const Node &node) { return node.kind() == Kind_Array || node.kind() == Kind_Map; }
bool is_text(const Node &node) { return node.flags() & NodeFlags_Wide || node.kind() == Kind_String || node.kind() == Kind_Bytes; }

// Reads the differences of a like entry from its base. Returns whether they are valid.
bool read_changes(const LogEntry &base, const uint8_t *data, size_t length, Changes &changes) {
    constexpr uint32_t body = 0xFFFFFFFF, thread = 0xFFFFFFFE;
    std::vector<uint32_t> leaves{body, thread};
    for (uint32_t at = 0; base.attributes() && at < base.attributes()->size(); at++) {
        const Node *node = base.attributes()->Get(at);
        if (node->kind() != Kind_Null && !is_container(*node)) leaves.push_back(at);
    }
    const size_t classes = length != 0 && data[0] & 1 ? 26 : 2;  // bit 0 of the form: a trace precedes the classes
    size_t cell = classes + (leaves.size() + 3) / 4;
    if (cell > length) return false;
    std::vector<std::pair<uint32_t, size_t>> texts;
    for (size_t n = 0; n < leaves.size(); n++) {
        constexpr size_t widths[] = {0, 1, 3, 8};
        const size_t width = widths[data[classes + n / 4] >> 2 * (n % 4) & 3];
        if (width > length - cell) return false;
        uint64_t number = 0;
        for (size_t byte = 0; byte < width; byte++) number |= uint64_t(data[cell + byte]) << 8 * byte;
        cell += width;
        if (width == 0) continue;  // the value of the base
        if (leaves[n] >= thread || is_text(*base.attributes()->Get(leaves[n]))) {
            texts.push_back({leaves[n], number});
            continue;
        }
        const Node *node = base.attributes()->Get(leaves[n]);
        uint64_t reversed = 0;
        for (int byte = 0; byte < 8; byte++) reversed = reversed << 8 | (number >> 8 * byte & 0xFF);
        const bool is_float = node->kind() == Kind_Float;
        changes.values[leaves[n]] = is_float ? node->value() ^ reversed : node->value() + (number >> 1 ^ -(number & 1));
    }
    for (auto [leaf, size] : texts) {
        if (size > length - cell) return false;
        const std::string text(reinterpret_cast<const char *>(data) + cell, size);
        cell += size;
        if (leaf == body) changes.has_body = true, changes.body = text;
        else changes.texts[leaf] = text;
    }
    return cell == length;
}

// Prints the nodes from `at` to `end`. Returns whether the tape is valid. The depth is at most 64, also for a hostile file.
bool print(const LogEntry &entry, const Changes &changes, uint32_t at, uint32_t end, bool in_array, int depth) {
    for (const char *comma = ""; at < end; comma = ", ") {
        const uint32_t number = at++;
        const Node *node = entry.attributes()->Get(number);
        const auto changed = changes.values.find(number);
        const auto changed_text = changes.texts.find(number);
        const uint64_t value = changed == changes.values.end() ? node->value() : changed->second;
        const uint64_t low = value & 0xFFFFFFFF, high = value >> 32;
        if (node->kind() == Kind_Dropped) continue;  // the number of children that the circuit breaker dropped
        const bool array = node->kind() == Kind_Array;
        if (is_container(*node) && (high > end - at || depth == 64)) return false;
        std::printf("%s", comma);
        if (!in_array) std::printf("%s=", span(entry, node->key_offset(), node->key_length()).c_str());
        if (is_container(*node)) {
            std::printf(array ? "[" : "{");
            if (!print(entry, changes, at, at + high, array, depth + 1)) return false;
            std::printf(array ? "]" : "}");
            at += high;
        } else if (is_text(*node)) {  // wide: 16 bytes, which are a 128-bit number, or a time with a zone
            const std::string text = changed_text == changes.texts.end() ? span(entry, low, high) : changed_text->second;
            if (node->flags() & NodeFlags_Wide) for (uint8_t byte : text) std::printf("%02x", byte);
            else std::printf("%s", text.c_str());
        } else if (node->kind() == Kind_Null) std::printf("null");
        else if (node->kind() == Kind_Bool) std::printf(value ? "true" : "false");
        else if (node->kind() == Kind_Float) std::printf("%.17g", load<double>(reinterpret_cast<const uint8_t *>(&value)));
        else if (node->kind() == Kind_Uint) std::printf("%llu", static_cast<unsigned long long>(value));
        else std::printf("%lld", static_cast<long long>(value));
    }
    return true;
}

// Prints an entry, or a like entry with its base.
void print(uint64_t time, const LogEntry &entry, const Changes &changes) {
    const char *body = changes.has_body ? changes.body.c_str() : entry.body() ? entry.body()->c_str() : "";
    std::printf("%llu %s %s ", static_cast<unsigned long long>(time), EnumNameSeverity(entry.severity()), body);
    const uint32_t nodes = entry.attributes() ? entry.attributes()->size() : 0;
    std::printf(print(entry, changes, 0, nodes, false, 0) ? "\n" : " (invalid)\n");
}

// Prints the entries of a segment. Returns the number of lost bytes, or -1 if the file is not a segment of version 1.
long long read(const Bytes &file) {
    const uint8_t *data = file.data();
    if (file.size() < 8192 || std::memcmp(data, "\x89" "FWS\r\n\x1a\n", 8) != 0) return -1;
    if (crc32(data, 4092, 0) != load<uint32_t>(data + 4092)) return -1;
    if (load<uint16_t>(data + 8) != 1 || load<uint32_t>(data + 24) > 1) return -1;  // major version, incompat flags
    const uint32_t salt = load<uint32_t>(data + 28);
    const uint64_t tail = uint64_t(load<uint32_t>(data + 4096)) * 16;
    long long lost = 0;
    std::map<uint32_t, std::pair<const uint8_t *, uint32_t>> entries;  // the entries by their slots, which can be bases
    uint64_t incomplete = 0;  // the end of an append that did not complete, which is no loss
    for (uint64_t at = load<uint64_t>(data + 96); at <= file.size() - 16;) {
        const uint32_t word = load<uint32_t>(data + at), state = word >> 28, length = word & 0xFFFFFFF;
        const uint64_t end = at + 16 + (uint64_t(length) + 15) / 16 * 16;
        const bool tagged = load<uint32_t>(data + at + 8) == (salt ^ uint32_t(at / 16));
        if (state == 2 && tagged && end <= file.size() &&
            crc32(data + at + 8, end - at - 8, length) == load<uint32_t>(data + at + 4)) {
            const uint8_t *payload = data + at + 16;
            flatbuffers::Verifier verifier(payload, length);
            if (data[at + 12] == 1 && VerifyLogEntryBuffer(verifier)) {  // kind 1: an entry
                entries[uint32_t(at / 16)] = {payload, length};
                print(GetLogEntry(payload)->time_unix_nano(), *GetLogEntry(payload), {});
            } else if (data[at + 12] == 8 && verifier.VerifyBuffer<LikeEntry>()) {  // kind 8: a like entry
                const LikeEntry &like = *flatbuffers::GetRoot<LikeEntry>(payload);
                const LikeHead *head = like.head();
                const auto base = head ? entries.find(head->base()) : entries.end();
                Changes changes;
                if (base != entries.end() && like.data() &&
                    crc32(base->second.first, base->second.second, base->second.second) == head->base_check() &&
                    read_changes(*GetLogEntry(base->second.first), like.data()->Data(), like.data()->size(), changes)) {
                    print(head->time_unix_nano(), *GetLogEntry(base->second.first), changes);
                } else lost += end - at;
            }
            at = end;
        } else if (at >= tail || (state == 3 && tagged)) break;  // free space, or the end of a closed segment
        else {                                                                 // frames begin at multiples of 16
            if (state == 1 && load<uint32_t>(data + at + 4) == 0) incomplete = std::max(incomplete, end);
            at += 16;
            if (at > incomplete) lost += 16;
        }
    }
    return lost;
}

int main(int count, char **paths) {
    bool clean = true;
    for (int n = 1; n < count; n++) {
        std::ifstream input(paths[n], std::ios::binary);
        const Bytes file{std::istreambuf_iterator<char>(input), {}};
        const long long lost = read(file);
        if (lost != 0) std::fprintf(stderr, "%s: %s\n", paths[n], lost < 0 ? "not a segment of version 1" : "bytes are lost");
        clean &= lost == 0;
    }
    return clean ? 0 : 3;
}
