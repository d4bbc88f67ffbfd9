// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bodies of answers: JSON, and refusals as "problem details" (RFC 9457) from a fault and its code's
 * line in model/code.h. Handlers and http-answer.c call it. A fault without a code is the
 * controller's own failure: its text is for the log, since it may name what a client must not know.
 */
#include "controller/http-text.h"
#include "controller/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The least that a client waits when nobody has said how long. */
#define RETRY_AFTER 1

static void text_put(char **place, size_t *size, json_object *tree)
{
	const char *text = NULL;

	if (tree)
		text = json_object_to_json_string_length(
			tree, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, size);
	*place = text ? malloc(*size + 1) : NULL;
	if (*place)
		memcpy(*place, text, *size + 1);
	else
		*size = 0;
	json_object_put(tree);
}

void http_reply_json(struct http_reply *reply, int status, json_object *body)
{
	free(reply->body);
	text_put(&reply->body, &reply->body_size, body);
	reply->status = reply->body ? status : 500;
}

/* Adds a text; false without memory. */
static bool member_add(json_object *object, const char *name, const char *text)
{
	json_object *value = json_object_new_string(text);

	if (value && !json_object_object_add(object, name, value))
		return true;
	json_object_put(value);
	return false;
}

static bool members_add(json_object *problem, const struct http_request *request,
			const struct fault *fault)
{
	const struct code_info *info = code_info(fault->code);
	json_object *status = json_object_new_int(info->status);
	char type[96], text[FAULT_TEXT_SIZE], path[FAULT_PATH_SIZE];
	bool shown = fault->code != CODE_NONE;

	snprintf(type, sizeof(type), "urn:lbmesh:problem:%s", info->text);
	/* A fault's text may have been cut in the middle of a character. */
	snprintf(text, sizeof(text), "%s", shown ? fault->text : "");
	snprintf(path, sizeof(path), "%s", shown ? fault->path : "");
	http_text_repair(text);
	http_text_repair(path);
	if (!status || !member_add(problem, "type", type) ||
	    !member_add(problem, "title", info->title) ||
	    json_object_object_add(problem, "status", status)) {
		json_object_put(status);
		return false;
	}
	return (!*text || member_add(problem, "detail", text)) &&
	       member_add(problem, "code", info->text) &&
	       (!*path || member_add(problem, "path", path)) &&
	       member_add(problem, "remedy", info->remedy) &&
	       member_add(problem, "id", request->id);
}

void http_reply_problem(struct http_reply *reply, const struct http_request *request,
			const struct fault *fault)
{
	json_object *problem = json_object_new_object();

	if (problem && !members_add(problem, request, fault)) {
		json_object_put(problem);
		problem = NULL;
	}
	free(reply->body);
	text_put(&reply->body, &reply->body_size, problem);
	reply->status = code_info(fault->code)->status;
	reply->content_type = "application/problem+json";
	if ((reply->status == 429 || reply->status == 503) && !reply->retry_after)
		reply->retry_after = RETRY_AFTER;
}
