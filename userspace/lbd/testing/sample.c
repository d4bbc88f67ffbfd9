// SPDX-License-Identifier: GPL-2.0-only
/* Topologies for tests. */
#include "testing/sample.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sample_public_keys[3] = {
	"pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk=",
	"zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk=",
	"Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI=",
};

/* clang-format off */
const char sample_text[] =
	"{\n"
	"  \"version\": 1,\n"
	"  \"hosts\": [\n"
	"    { \"name\": \"a\", \"public-key\": \"pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk=\",\n"
	"      \"private-key-file\": \"a.key\",\n"
	"      \"endpoint\": \"192.0.2.1:51820\" },\n"
	"    { \"name\": \"b\", \"public-key\": \"zo060cy2M+x7cMF4FKXHbs0CloUFDTRHRboFhw5YfVk=\",\n"
	"      \"private-key-file\": \"b.key\",\n"
	"      \"endpoint\": \"192.0.2.2:51821\", \"keepalive\": 7 },\n"
	"    { \"name\": \"c\", \"public-key\": \"Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI=\",\n"
	"      \"endpoint\": \"[2001:db8::3]:51822\" }\n"
	"  ],\n"
	"  \"networks\": [\n"
	"    { \"id\": 1, \"name\": \"blue\", \"cidr\": [\"100.64.1.0/24\", \"fd00:1::/64\"],\n"
	"      \"members\": [\n"
	"      { \"host\": \"a\", \"address\": \"100.64.1.1\" },\n"
	"      { \"host\": \"b\", \"address\": \"100.64.1.2\" },\n"
	"      { \"host\": \"c\", \"address\": \"100.64.1.3\" },\n"
	"      { \"host\": \"a\", \"address\": \"fd00:1::1\" } ] },\n"
	"    { \"id\": 2, \"name\": \"green\", \"cidr\": \"100.64.2.0/24\", \"mtu\": 1300,\n"
	"      \"members\": [\n"
	"      { \"host\": \"a\", \"address\": \"100.64.2.1\" },\n"
	"      { \"host\": \"b\", \"address\": \"100.64.2.2\" } ] },\n"
	"    { \"id\": 3, \"name\": \"red\", \"cidr\": \"100.64.3.0/24\", \"members\": [\n"
	"      { \"host\": \"c\", \"address\": \"100.64.3.3\" } ] }\n"
	"  ],\n"
	"  \"bridges\": [\n"
	"    { \"id\": 9, \"networks\": [\"red\", \"green\"] }\n"
	"  ]\n"
	"}\n";
/* clang-format on */

char *sample_edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t before, size = strlen(text) + strlen(to) + 1;
	char *edited = malloc(size);

	cr_assert_not_null(at, "the sample has no \"%s\"", from);
	cr_assert_not_null(edited);
	before = (size_t)(at - text);
	snprintf(edited, size, "%.*s%s%s", (int)before, text, to, at + strlen(from));
	return edited;
}

char *sample_large(size_t n)
{
	uint8_t key[LBMESH_KEY_LEN] = {0};
	char base64[64];
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_not_null(stream);
	fputs("{\"version\": 1, \"hosts\": [", stream);
	for (size_t i = 1; i <= n; i++) {
		memcpy(key, &i, sizeof(i));
		sodium_bin2base64(base64, sizeof(base64), key, sizeof(key),
				  sodium_base64_VARIANT_ORIGINAL);
		fprintf(stream,
			"%s{\"name\": \"host-%zu\", \"public-key\": \"%s\","
			" \"endpoint\": \"192.0.%zu.%zu:51820\"}",
			i > 1 ? "," : "", i, base64, i / 256, i % 256);
	}
	fputs("], \"networks\": [{\"id\": 1, \"name\": \"all\", \"cidr\": \"10.0.0.0/8\","
	      " \"members\": [",
	      stream);
	for (size_t i = 1; i <= n; i++)
		fprintf(stream, "%s{\"host\": \"host-%zu\", \"address\": \"10.1.%zu.%zu\"}",
			i > 1 ? "," : "", i, i / 256, i % 256);
	fputs("]}]}", stream);
	cr_assert_eq(fclose(stream), 0);
	return text;
}

struct model *sample_parse(const char *text)
{
	struct model *model = NULL;
	struct fault fault = {0};
	int ret = model_parse(text, strlen(text), &model, &fault);

	cr_assert_eq(ret, 0, "%s: %s", fault.path, fault.text);
	return model;
}

uint32_t sample_host(const struct model *model, const char *name)
{
	int64_t host = model_host_find(model, name);

	cr_assert_geq(host, 0, "no host \"%s\"", name);
	return (uint32_t)host;
}
