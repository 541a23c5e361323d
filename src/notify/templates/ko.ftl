# 알림. 종류마다 제목, 본문 첫머리, 링크 글귀, 문자용 짧은 글(링크까지 70자 이내).

greeting = { $name } 님, 안녕하십니까.
no-code-by-phone = 전화로 번호를 묻는 일은 절대 없습니다. 문 앞에서만 알려 주십시오.
sign-off = { $shop }, 주문 { $reference }
call-the-shop = 문의: 상점 전화 { $phone }
own-page = 이 링크는 본인만 쓰십시오. 링크를 가진 사람은 누구나 대신 답할 수 있습니다.

ask-subject = { $shop }: { $day } { $window }에 집에 계십니까?
ask-lead = { $day } { $window }에 집에 계십니까? 답을 받기 전에는 아무도 출발하지 않습니다.
ask-button = 답하기
ask-short = { $shop }: { $day } { $window } 집에 계십니까? { $link }

reminder-subject = { $shop }: { $day } { $window }에 집에 계십니까? 아직 답이 없습니다
reminder-lead = 아직 답을 받지 못했습니다. { $day } { $window }에 집에 계십니까?
reminder-button = 답하기
reminder-short = { $shop }: 답이 없습니다. { $window } 집에 계십니까? { $link }

last-ask-subject = { $shop }: { $window } 전 마지막 질문입니다
last-ask-lead = 연락이 닿지 않았습니다. { $day } { $window }에 집에 계시는지 지금 알려 주십시오. 답이 없으면 그 시간에 가지 못할 수 있습니다.
last-ask-button = 지금 답하기
last-ask-short = { $shop }: 마지막 질문, { $window } 집에 계십니까? { $link }

on-the-way-subject = { $shop }: { $courier } 배달원이 출발했습니다
on-the-way-lead = { $courier } 배달원이 주문하신 물건을 가지고 { $day } { $window }에 갑니다. 문 앞에서 쓸 번호는 본인 페이지에 있습니다.
on-the-way-button = 어디쯤 왔는지 보기
on-the-way-short = { $shop }: 배달원 출발, { $window }. 번호: { $link }

late-subject = { $shop }: 늦어집니다, 새 시간 { $window }
late-lead = 늦어지고 있습니다. 주문하신 물건은 { $day } { $window }에 갑니다. 맞지 않으시면 다른 시간을 고르십시오.
late-button = 그대로 받기 또는 다른 시간
late-short = { $shop }: 늦어집니다. 새 시간 { $window }. { $link }

missed-subject = { $shop }: { $at }에 뵙지 못했습니다
missed-lead = { $courier } 배달원이 { $at }에 문 앞에 갔으나 아무도 만나지 못했습니다. 문 앞에 아무것도 두지 않았고 돈도 받지 않았습니다.
missed-button = 다음 일 고르기
missed-short = { $shop }: { $at }에 뵙지 못했습니다. 새 시간: { $link }

handed-over-subject = { $shop }: { $at }에 물건을 전해 드렸습니다
handed-over-lead = 주문하신 물건을 { $day } { $at }에 전해 드렸습니다. 영수증은 본인 페이지에 있습니다. 받지 않으셨다면 바로 상점에 알려 주십시오.
handed-over-button = 영수증 보기
handed-over-short = { $shop }: { $at } 전달 완료. 영수증: { $link }

cancelled-subject = { $shop }: 주문이 취소되었습니다
cancelled-lead = 주문 { $reference } 건이 취소되어 가지 않습니다. 잡아 둔 돈은 돌려 드립니다.
cancelled-button = 내용 보기
cancelled-short = { $shop }: 주문이 취소되었습니다. { $link }

payment-wanted-subject = { $shop }: 결제를 확인해 주세요
payment-wanted-lead = 주문 { $reference } 건의 결제가 되지 않았거나 곧 끝납니다. 결제가 되어야 갑니다. 내 페이지를 보시거나 상점에 문의해 주세요.
payment-wanted-button = 할 일 보기
payment-wanted-short = { $shop }: 결제가 되지 않았습니다. 확인: { $link }

courier-sign-in-code-subject = 로그인 번호
courier-sign-in-code-lead = 로그인 번호는 { $code }입니다. 몇 분 동안 한 번만 쓸 수 있습니다. 요청하지 않으셨다면 그냥 두십시오.
courier-sign-in-code-short = 로그인 번호: { $code }
