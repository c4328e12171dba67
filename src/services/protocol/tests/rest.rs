//! Protocols `rest-json` and `rest-xml`.

use super::{answer, check_body, check_error, check_result, draft};

/// Checks method, path and some headers of a request.
fn check_head(of: &str, parameters: &str, expected: &str, headers: &[(&str, &str)]) {
    let draft = draft(of, parameters).unwrap_or_else(|problem| panic!("{of}: {problem}"));
    assert_eq!(
        format!("{} {}", draft.method, draft.path),
        expected,
        "{of} {parameters}"
    );
    for (name, value) in headers {
        assert_eq!(draft.header(name), Some(*value), "{of} {name}");
    }
}

#[test]
fn heads_of_requests() {
    for (of, parameters, expected, headers) in [
        (
            "aws-sdk:s3:getObject",
            r#"{"Bucket":"b","Key":"a b/c+ü","VersionId":"v/1","IfModifiedSince":"2014-04-29T18:30:38Z","Range":"bytes=0-1"}"#,
            "GET /b/a%20b/c%2B%C3%BC?versionId=v%2F1",
            &[
                ("If-Modified-Since", "Tue, 29 Apr 2014 18:30:38 GMT"),
                ("Range", "bytes=0-1"),
            ][..],
        ),
        (
            "aws-sdk:s3:listObjectsV2",
            r#"{"Bucket":"b","Prefix":"x/","MaxKeys":5,"FetchOwner":true}"#,
            "GET /b?list-type=2&max-keys=5&prefix=x%2F&fetch-owner=true",
            &[],
        ),
        (
            "aws-sdk:s3:putObject",
            r#"{"Bucket":"b","Key":"k","Body":{"a":1},"Metadata":{"one":"1","Two":"2"},"ContentType":"text/x"}"#,
            "PUT /b/k",
            &[
                ("x-amz-meta-one", "1"),
                ("x-amz-meta-Two", "2"),
                ("Content-Type", "text/x"),
            ],
        ),
        (
            "aws-sdk:lambda:invoke",
            r#"{"FunctionName":"arn:aws:lambda:us-east-1:1:function:f","Payload":{"a":1},"Qualifier":"live","InvocationType":"Event"}"#,
            "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af/invocations?Qualifier=live",
            &[
                ("X-Amz-Invocation-Type", "Event"),
                ("Content-Type", "application/octet-stream"),
            ],
        ),
        (
            "aws-sdk:batch:submitJob",
            r#"{"JobName":"n","JobQueue":"q","JobDefinition":"d"}"#,
            "POST /v1/submitjob",
            &[("Content-Type", "application/json")],
        ),
        // A list in the query.
        (
            "aws-sdk:lambda:untagResource",
            r#"{"Resource":"r","TagKeys":["a","b c"]}"#,
            "DELETE /2017-03-31/tags/r?tagKeys=a&tagKeys=b%20c",
            &[],
        ),
        (
            "aws-sdk:route53:getHostedZone",
            r#"{"Id":"Z1"}"#,
            "GET /2013-04-01/hostedzone/Z1",
            &[],
        ),
    ] {
        check_head(of, parameters, expected, headers);
    }
}

#[test]
fn checksums_are_not_added_to_those_given() {
    let given = draft(
        "aws-sdk:s3:putObject",
        r#"{"Bucket":"b","Key":"k","ChecksumSHA256":"x"}"#,
    )
    .unwrap();
    assert_eq!(given.header("x-amz-checksum-crc32"), None);
    let control = r#"{"AccountId":"1","Bucket":"b","Tagging":{"TagSet":[]}}"#;
    let draft = draft("aws-sdk:s3control:putBucketTagging", control).unwrap();
    assert!(draft.header("content-md5").is_some());
}

#[test]
fn host_prefixes() {
    let prefix = |of: &str, parameters: &str| draft(of, parameters).map(|draft| draft.host_prefix);
    assert_eq!(
        prefix("aws-sdk:sfn:startSyncExecution", "{}").unwrap().as_deref(),
        Some("sync-")
    );
    let of = "aws-sdk:s3control:getJobTagging";
    let given = prefix(of, r#"{"AccountId":"123","JobId":"j"}"#).unwrap();
    assert!(given.is_none() || given.as_deref() == Some("123."), "{given:?}");
}

#[test]
fn bodies() {
    for (of, parameters, expected) in [
        (
            "aws-sdk:s3:putObject",
            r#"{"Bucket":"b","Key":"k","Body":"text data"}"#,
            r#""text data""#,
        ),
        (
            "aws-sdk:s3:putObject",
            r#"{"Bucket":"b","Key":"k","Body":false}"#,
            "false",
        ),
        ("aws-sdk:s3:getObject", r#"{"Bucket":"b","Key":"k"}"#, ""),
        // A function's payload: JSON of a value, and the text itself of a text.
        (
            "lambda:invoke",
            r#"{"FunctionName":"f","Payload":{"a":[1.0]}}"#,
            r#"{"a":[1.0]}"#,
        ),
        (
            "lambda:invoke",
            r#"{"FunctionName":"f","Payload":"\"x\""}"#,
            r#""x""#,
        ),
        ("lambda:invoke", r#"{"FunctionName":"f","Payload":null}"#, ""),
        (
            "batch:submitJob",
            r#"{"JobName":"n","JobQueue":"q","JobDefinition":"d","ContainerOverrides":{"Environment":[{"Name":"a","Value":1}]}}"#,
            r#"{"jobName":"n","jobQueue":"q","jobDefinition":"d","containerOverrides":{"environment":[{"name":"a","value":"1"}]}}"#,
        ),
        (
            "aws-sdk:lambda:putFunctionConcurrency",
            r#"{"FunctionName":"f","ReservedConcurrentExecutions":3}"#,
            r#"{"ReservedConcurrentExecutions":3}"#,
        ),
        (
            "aws-sdk:s3:putBucketVersioning",
            r#"{"Bucket":"b","VersioningConfiguration":{"Status":"Enabled"}}"#,
            r#"<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>"#,
        ),
        (
            "aws-sdk:s3:putObjectTagging",
            r#"{"Bucket":"b","Key":"k","Tagging":{"TagSet":[{"Key":"a","Value":"<&>"}]}}"#,
            r#"<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>a</Key><Value>&lt;&amp;&gt;</Value></Tag></TagSet></Tagging>"#,
        ),
        (
            "aws-sdk:s3:deleteObjects",
            r#"{"Bucket":"b","Delete":{"Objects":[{"Key":"a"},{"Key":"b"}],"Quiet":true}}"#,
            r#"<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Quiet>true</Quiet></Delete>"#,
        ),
        (
            "aws-sdk:s3:putBucketAcl",
            r#"{"Bucket":"b","AccessControlPolicy":{"Grants":[{"Grantee":{"Type":"CanonicalUser","Id":"i"}}]}}"#,
            r#"<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>i</ID></Grantee></Grant></AccessControlList></AccessControlPolicy>"#,
        ),
        (
            "aws-sdk:route53:changeResourceRecordSets",
            r#"{"HostedZoneId":"Z","ChangeBatch":{"Changes":[{"Action":"CREATE","ResourceRecordSet":{"Name":"n","Type":"A","TTL":60,"ResourceRecords":[{"Value":"1.2.3.4"}]}}]}}"#,
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes><Change>\
             <Action>CREATE</Action><ResourceRecordSet><Name>n</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>\
             <Value>1.2.3.4</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch>\
             </ChangeResourceRecordSetsRequest>",
        ),
    ] {
        check_body(of, parameters, expected);
    }
}

#[test]
fn problems_of_parameters() {
    for (of, parameters, expected) in [
        (
            "aws-sdk:s3:getObject",
            r#"{"Bucket":"b"}"#,
            "[The field 'Key' is required but was missing]",
        ),
        (
            "aws-sdk:s3:getObject",
            r#"{"Bucket":"","Key":"k"}"#,
            "[The field 'Bucket' is required but was missing]",
        ),
        (
            "lambda:invoke",
            r#"{"FunctionName":".."}"#,
            "[The value of the field 'FunctionName' has an invalid format]",
        ),
        (
            "aws-sdk:s3:putObject",
            r#"{"Bucket":"b","Key":"k","ContentType":"a\r\nX: y"}"#,
            "[The value of the field 'ContentType' has an invalid format]",
        ),
        (
            "aws-sdk:s3:putObject",
            r#"{"Bucket":"b","Key":"k","Metadata":{"a:b":"c"}}"#,
            "[The value of the field 'Metadata' has an invalid format]",
        ),
    ] {
        assert_eq!(
            draft(of, parameters).unwrap_err().to_string(),
            expected,
            "{of} {parameters}"
        );
    }
}

#[test]
fn results() {
    let object = [
        ("Accept-Ranges", "bytes"),
        ("Content-Length", "2"),
        ("Content-Type", "text/plain"),
        ("ETag", "\"e\""),
        ("Last-Modified", "Tue, 29 Apr 2014 18:30:38 GMT"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-meta-one", "1"),
        ("Expires", "Wed, 30 Apr 2014 18:30:38 GMT"),
    ];
    check_result(
        "aws-sdk:s3:getObject",
        &object,
        "hi",
        r#"{"AcceptRanges":"bytes","ContentLength":2,"ContentType":"text/plain","ETag":"\"e\"","Expires":"2014-04-30T18:30:38Z","LastModified":"2014-04-29T18:30:38Z","Metadata":{"one":"1"},"ServerSideEncryption":"AES256","Body":"hi"}"#,
    );
    for (of, body, expected) in [
        ("aws-sdk:s3:getObject", "", r#"{"Metadata":{},"Body":""}"#),
        (
            "aws-sdk:s3:listObjectsV2",
            "<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Name>b</Name><Prefix/><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>\
             <IsTruncated>false</IsTruncated><Contents><Key>k</Key><LastModified>2014-04-29T18:30:38.000Z</LastModified><ETag>&quot;e&quot;</ETag>\
             <Size>5</Size></Contents><Contents><Key>l</Key></Contents></ListBucketResult>",
            r#"{"Contents":[{"ETag":"\"e\"","Key":"k","LastModified":"2014-04-29T18:30:38Z","Size":5},{"Key":"l"}],"IsTruncated":false,"KeyCount":1,"MaxKeys":1000,"Name":"b","Prefix":""}"#,
        ),
        (
            "aws-sdk:s3:getBucketLocation",
            "<LocationConstraint xmlns='x'>eu-west-1</LocationConstraint>",
            r#"{"LocationConstraint":"eu-west-1"}"#,
        ),
        (
            "aws-sdk:s3:getBucketAcl",
            "<AccessControlPolicy xmlns:xsi='y'><AccessControlList><Grant><Grantee xsi:type='CanonicalUser'><ID>i</ID></Grantee></Grant>\
             </AccessControlList></AccessControlPolicy>",
            r#"{"Grants":[{"Grantee":{"Id":"i","Type":"CanonicalUser"}}]}"#,
        ),
        (
            "aws-sdk:lambda:listFunctions",
            r#"{"Functions":[{"FunctionName":"f","MemorySize":128,"VpcConfig":null}]}"#,
            r#"{"Functions":[{"FunctionName":"f","MemorySize":128}]}"#,
        ),
        (
            "batch:submitJob",
            r#"{"jobArn":"a","jobId":"i"}"#,
            r#"{"JobArn":"a","JobId":"i"}"#,
        ),
        (
            "aws-sdk:lambda:invoke",
            r#"{"a":1}"#,
            r#"{"Payload":"{\"a\":1}","StatusCode":200}"#,
        ),
    ] {
        check_result(of, &[], body, expected);
    }
}

#[test]
fn an_answer_has_a_limit() {
    let large = vec![b' '; crate::value::index::DOCUMENT_BYTES_MAX + 1];
    let error = answer("aws-sdk:s3:getObject", 200, &[], &large).unwrap_err();
    assert_eq!(
        error.cause(),
        "Unable to unmarshall response (the body is too large). Response Code: 200"
    );
}

#[test]
fn bytes_that_are_no_text_are_base64() {
    let result = answer("aws-sdk:s3:getObject", 200, &[], &[0xff, 0xfe]).unwrap();
    assert_eq!(result, r#"{"Metadata":{},"Body":"//4="}"#);
}

#[test]
fn models_of_bedrock_answer_with_json() {
    let parameters = r#"{"ModelId":"m:0","Body":{"prompt":"p"},"ContentType":"application/json"}"#;
    check_body("bedrock:invokeModel", parameters, r#"{"prompt":"p"}"#);
    check_head(
        "bedrock:invokeModel",
        parameters,
        "POST /model/m%3A0/invoke",
        &[("Content-Type", "application/json")],
    );
    check_result(
        "bedrock:invokeModel",
        &[("Content-Type", "application/json")],
        r#"{"a": [1.0]}"#,
        r#"{"Body":{"a":[1.0]},"ContentType":"application/json"}"#,
    );
}

#[test]
fn functions() {
    let headers = [("X-Amz-Executed-Version", "$LATEST"), ("x-amzn-RequestId", "R1")];
    let metadata = concat!(
        r#""SdkHttpMetadata":{"AllHttpHeaders":{"X-Amz-Executed-Version":["$LATEST"],"x-amzn-RequestId":["R1"]},"#,
        r#""HttpHeaders":{"X-Amz-Executed-Version":"$LATEST","x-amzn-RequestId":"R1"},"HttpStatusCode":200},"#,
        r#""SdkResponseMetadata":{"RequestId":"R1"},"StatusCode":200}"#
    );
    for (body, payload) in [
        (r#"{"a": 1.0}"#, r#"{"a":1.0}"#),
        ("no JSON", r#""no JSON""#),
        ("", r#""""#),
    ] {
        let expected = format!(r#"{{"ExecutedVersion":"$LATEST","Payload":{payload},{metadata}"#);
        check_result("lambda:invoke", &headers, body, &expected);
    }
    let raised = r#"{"errorMessage":"m","errorType":"OutOfStock"}"#;
    let headers = [("X-Amz-Function-Error", "Unhandled")];
    check_error("lambda:invoke", 200, &headers, raised, ("OutOfStock", raised));
    check_error(
        "lambda:invoke",
        200,
        &headers,
        "{}",
        (
            "Lambda.Unknown",
            "The cause could not be determined because Lambda did not return an error type. Returned payload: {}",
        ),
    );
}

#[test]
fn errors() {
    let id = [("x-amzn-RequestId", "R1")];
    for (of, status, headers, body, name, cause) in [
        (
            "aws-sdk:s3:getObject",
            404,
            &[("x-amz-request-id", "R1"), ("x-amz-id-2", "H1")][..],
            "<Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>R0</RequestId><HostId>H0</HostId></Error>",
            "S3.NoSuchKeyException",
            "m (Service: S3, Status Code: 404, Request ID: R1, Extended Request ID: H1) (SDK Attempt Count: 1)",
        ),
        (
            "aws-sdk:s3:headObject",
            404,
            &[],
            "",
            "S3.NoSuchKeyException",
            "null (Service: S3, Status Code: 404, Request ID: null) (SDK Attempt Count: 1)",
        ),
        (
            "aws-sdk:s3:copyObject",
            200,
            &[],
            "<Error><Code>SlowDown</Code><Message>m</Message></Error>",
            "S3.S3Exception",
            "m (Service: S3, Status Code: 200, Request ID: null) (SDK Attempt Count: 1)",
        ),
        (
            "lambda:invoke",
            404,
            &[
                ("x-amzn-RequestId", "R1"),
                ("x-amzn-ErrorType", "ResourceNotFoundException:http://x"),
            ],
            r#"{"Message":"m","Type":"User"}"#,
            "Lambda.ResourceNotFoundException",
            "m (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: R1; Proxy: null)",
        ),
        (
            "lambda:invoke",
            400,
            &id,
            r#"{"__type":"Odd","message":"m"}"#,
            "Lambda.AWSLambdaException",
            "m (Service: AWSLambda; Status Code: 400; Error Code: Odd; Request ID: R1; Proxy: null)",
        ),
    ] {
        check_error(of, status, headers, body, (name, cause));
    }
}
