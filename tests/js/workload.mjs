// A workload as it is written for AWS: nothing in it knows of roles, tokens or this gate. The environment does.
//
//   node workload.mjs BUCKET KEY      puts KEY, gets it back, lists the bucket

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

const [Bucket, Key] = process.argv.slice(2);
const s3 = new S3Client();
await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'from a workload' }));
const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
console.log('got', await got.Body.transformToString());
const listed = await s3.send(new ListObjectsV2Command({ Bucket }));
console.log('listed', listed.Contents.map((entry) => entry.Key).join(' '));
