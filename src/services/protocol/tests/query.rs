//! Protocols `query` and `ec2`.

use super::{answer, check_body, check_error, check_result, draft};

#[test]
fn head_of_a_request() {
    let draft = draft("sns:publish", r#"{"Message":"m"}"#).unwrap();
    assert_eq!((&*draft.method, &*draft.path), ("POST", "/"));
    assert_eq!(
        draft.header("content-type"),
        Some("application/x-www-form-urlencoded; charset=utf-8")
    );
}

#[test]
fn forms() {
    for (of, parameters, expected) in [
        (
            "sns:publish",
            r#"{"TopicArn":"arn:t","Message":{"a":"b c"}}"#,
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3At&Message=%7B%22a%22%3A%22b%20c%22%7D",
        ),
        (
            "sns:publish",
            r#"{"MessageAttributes":{"k":{"DataType":"Binary","BinaryValue":"hi"},"l":{"DataType":"String","StringValue":"v"}}}"#,
            "Action=Publish&Version=2010-03-31&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=Binary\
             &MessageAttributes.entry.1.Value.BinaryValue=aGk%3D&MessageAttributes.entry.2.Name=l\
             &MessageAttributes.entry.2.Value.DataType=String&MessageAttributes.entry.2.Value.StringValue=v",
        ),
        (
            "aws-sdk:sts:assumeRole",
            r#"{"RoleArn":"r","RoleSessionName":"s","PolicyArns":[{"Arn":"a"},{"arn":"b"}],"TransitiveTagKeys":[]}"#,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=r&RoleSessionName=s&PolicyArns.member.1.arn=a\
             &PolicyArns.member.2.arn=b&TransitiveTagKeys=",
        ),
        // A list with the name of what it lists.
        (
            "aws-sdk:rds:describeDBInstances",
            r#"{"Filters":[{"Name":"n","Values":["v","w"]}],"MaxRecords":20}"#,
            "Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=v\
             &Filters.Filter.1.Values.Value.2=w&MaxRecords=20",
        ),
        (
            "aws-sdk:cloudformation:describeStackEvents",
            r#"{"StackName":"s"}"#,
            "Action=DescribeStackEvents&Version=2010-05-15&StackName=s",
        ),
        (
            "aws-sdk:ec2:describeInstances",
            r#"{"InstanceIds":["i-1","i-2"],"Filters":[{"Name":"n","Values":["v"]}],"DryRun":false}"#,
            "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2&DryRun=false\
             &Filter.1.Name=n&Filter.1.Value.1=v",
        ),
        (
            "aws-sdk:ec2:runInstances",
            r#"{"MinCount":1,"ImageId":"ami","NetworkInterfaces":[{"DeleteOnTermination":true}]}"#,
            "Action=RunInstances&Version=2016-11-15&ImageId=ami&MinCount=1&ClientToken=token\
             &NetworkInterface.1.DeleteOnTermination=true",
        ),
    ] {
        check_body(of, parameters, expected);
    }
}

#[test]
fn results() {
    for (of, body, expected) in [
        (
            "aws-sdk:sns:publish",
            "<PublishResponse xmlns='x'><PublishResult><MessageId>1</MessageId></PublishResult>\
             <ResponseMetadata><RequestId>R1</RequestId></ResponseMetadata></PublishResponse>",
            r#"{"MessageId":"1"}"#,
        ),
        (
            "aws-sdk:sns:listTopics",
            "<ListTopicsResponse><ListTopicsResult><Topics><member><TopicArn>a</TopicArn></member><member/></Topics>\
             </ListTopicsResult></ListTopicsResponse>",
            r#"{"Topics":[{"TopicArn":"a"},{}]}"#,
        ),
        (
            "aws-sdk:sns:getTopicAttributes",
            "<A><GetTopicAttributesResult><Attributes><entry><key>k</key><value>&lt;v&#38;&gt;<![CDATA[ <x>]]></value></entry>\
             </Attributes></GetTopicAttributesResult></A>",
            r#"{"Attributes":{"k":"<v&> <x>"}}"#,
        ),
        (
            "aws-sdk:rds:describeDBInstances",
            "<R><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>d</DBInstanceIdentifier>\
             <AllocatedStorage>20</AllocatedStorage><MultiAZ>true</MultiAZ><InstanceCreateTime>2024-07-15T12:59:18.12Z</InstanceCreateTime>\
             </DBInstance></DBInstances></DescribeDBInstancesResult></R>",
            r#"{"DbInstances":[{"AllocatedStorage":20,"DbInstanceIdentifier":"d","InstanceCreateTime":"2024-07-15T12:59:18.120Z","MultiAZ":true}]}"#,
        ),
        (
            "aws-sdk:ec2:describeInstances",
            "<DescribeInstancesResponse><requestId>R1</requestId><reservationSet><item><reservationId>r</reservationId>\
             <instancesSet><item><instanceId>i</instanceId></item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
            r#"{"Reservations":[{"Instances":[{"InstanceId":"i"}],"ReservationId":"r"}]}"#,
        ),
        (
            "aws-sdk:ec2:describeInstances",
            "<R><reservationSet/></R>",
            r#"{"Reservations":[]}"#,
        ),
        ("aws-sdk:sns:deleteTopic", "<DeleteTopicResponse/>", "{}"),
        ("aws-sdk:sns:deleteTopic", "", "{}"),
    ] {
        check_result(of, &[], body, expected);
    }
}

#[test]
fn an_optimized_result_has_metadata() {
    check_result(
        "sns:publish",
        &[("x-amzn-RequestId", "R1"), ("Content-Type", "text/xml")],
        "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
        concat!(
            r#"{"MessageId":"1","SdkHttpMetadata":{"AllHttpHeaders":{"x-amzn-RequestId":["R1"],"Content-Type":["text/xml"]},"#,
            r#""HttpHeaders":{"Content-Type":"text/xml","x-amzn-RequestId":"R1"},"HttpStatusCode":200},"#,
            r#""SdkResponseMetadata":{"RequestId":"R1"}}"#
        ),
    );
}

#[test]
fn errors() {
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error>\
                <RequestId>R1</RequestId></ErrorResponse>";
    check_error(
        "sns:publish",
        404,
        &[],
        body,
        (
            "SNS.NotFoundException",
            "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: R1; Proxy: null)",
        ),
    );
    check_error(
        "aws-sdk:sns:publish",
        404,
        &[],
        body,
        (
            "Sns.NotFoundException",
            "Topic does not exist (Service: Sns, Status Code: 404, Request ID: R1) (SDK Attempt Count: 1)",
        ),
    );
    check_error(
        "aws-sdk:ec2:describeInstances",
        400,
        &[],
        "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>m</Message></Error></Errors>\
         <RequestID>R1</RequestID></Response>",
        (
            "Ec2.Ec2Exception",
            "m (Service: Ec2, Status Code: 400, Request ID: R1) (SDK Attempt Count: 1)",
        ),
    );
}

#[test]
fn hostile_xml() {
    let deep = format!("{}{}", "<a>".repeat(300), "</a>".repeat(300));
    let many = format!(
        "<a>{}</a>",
        "<b/>".repeat(crate::services::protocol::xml::ELEMENTS_MAX)
    );
    let entity = "<!DOCTYPE a [<!ENTITY e 'eeee'>]><a>&e;</a>";
    for (body, expected) in [
        ("<a>", "the XML ends early"),
        ("<a><b></a>", "expected `</b>`"),
        ("<a/><b/>", "the XML has two roots"),
        ("words", "the XML has no element"),
        ("<a>&e;</a>", "the XML has an entity of its own"),
        ("<a>&#0;</a>", "character reference"),
        (entity, "the XML has a document type"),
        (&deep, "the XML is nested too deeply"),
        (&many, "the XML has more than 100000 elements"),
    ] {
        let error = answer("aws-sdk:sns:listTopics", 200, &[], body.as_bytes()).unwrap_err();
        assert_eq!(error.name(), "Sns.SdkClientException");
        assert!(error.cause().contains(expected), "{}", error.cause());
    }
}
